// Restoration: the fault in which an older copy takes the place of a node's data directory.
//
//   stop the node ─▶ copy ─▶ start ─▶ work goes on ─▶ kill ─▶ put the copy back ─▶ start
//     ─▶ refused with status 78 ─▶ the newest directory is put back ─▶ start
//
// With one node, nobody else remembers more than the copy does, so that no start can be refused: then
// the copy is only read, as a backup must be readable.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "actors/base/time.hpp"
#include "apps/simulate/fleet/fleet.hpp"
#include "apps/simulate/fleet/older_copy.hpp"
#include "apps/simulate/plan/witness_memory.hpp"

namespace millrace::simulate {

/// Not thread-safe. The references passed to the constructor must outlive this object.
class Restoration {
 public:
  /// Stops the node. `goes_on_us`: least time from when the node, started after the copy, is linked to all
  /// others to the kill. REQUIRES: the node serves.
  Restoration(std::uint32_t node, DurationUs goes_on_us, Fleet& fleet, const WitnessHead& head);

  /// Continues with what is due. Returns true at the end: the newest directory is in its place, and
  /// the node does not run. Fails with `outdated` if the node serves with the copy, and as OlderCopy.
  Result<bool> step(SteadyUs now_us);

  /// Whether `end` of the node's process is the refusal that this fault waits for.
  bool take_end(const ProcessEnd& end);

  /// What happened, for the report. Empty before the end.
  [[nodiscard]] const std::string& note() const { return note_; }

 private:
  enum class Phase : std::uint8_t { stopping, going_on, refusing };

  Result<bool> go_on(SteadyUs now_us);
  Result<bool> put_back(SteadyUs now_us);
  Result<bool> await_refusal(SteadyUs now_us);
  Result<bool> start();
  /// Whether the node has had links to all others since start().
  [[nodiscard]] bool is_linked() const;

  std::uint32_t node_;
  DurationUs goes_on_us_;
  Fleet* fleet_;
  const WitnessHead* head_;
  OlderCopy copy_;
  Phase phase_ = Phase::stopping;
  SteadyUs until_us_ = 0;
  std::optional<std::uint64_t> finished_before_;  ///< by the node when it was linked after the copy
  std::uintmax_t log_bytes_ = 0;                  ///< of the node's log file at its last start()
  bool is_refused_ = false;
  std::string note_;
};

}  // namespace millrace::simulate
