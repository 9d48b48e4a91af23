// ConfirmationGap: for how long a fault of the log's servers kept records from being confirmed.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "actors/base/time.hpp"

namespace millrace::simulate {

/// The longest time without a newly confirmed record that overlaps the fault. A fault may end before its
/// effect does: the last gap counts until records are confirmed again.
class ConfirmationGap {
 public:
  /// `fault`: its index in the report. `node`: whose records count; nullopt: those of all nodes.
  /// `confirmed`: records so far.
  ConfirmationGap(std::size_t fault, std::optional<std::uint32_t> node, std::uint64_t confirmed,
                  SteadyUs now_us)
      : fault_(fault), node_(node), confirmed_(confirmed), since_us_(now_us) {}

  [[nodiscard]] std::size_t fault() const { return fault_; }
  [[nodiscard]] std::optional<std::uint32_t> node() const { return node_; }
  [[nodiscard]] DurationUs longest_us() const { return longest_us_; }

  void end_fault() { has_ended_ = true; }

  /// Takes the count of confirmed records. Returns true when the fault has ended and records were
  /// confirmed since.
  bool note(std::uint64_t confirmed, SteadyUs now_us) {
    if (confirmed == confirmed_) return false;
    longest_us_ = std::max(longest_us_, now_us - since_us_);
    confirmed_ = confirmed;
    since_us_ = now_us;
    return has_ended_;
  }

 private:
  std::size_t fault_;
  std::optional<std::uint32_t> node_;
  std::uint64_t confirmed_;
  SteadyUs since_us_;  ///< when the count last changed, or the fault began
  DurationUs longest_us_ = 0;
  bool has_ended_ = false;
};

}  // namespace millrace::simulate
