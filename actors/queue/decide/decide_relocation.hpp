// Decides the steps of a compaction: live messages of early segments are written again at the end
// of the log, so that these segments can be deleted.
//
//   find_stranded ─▶ bodies read from the log ─▶ decide_relocation ─▶ commit ─▶ find_stranded …
//
// A relocation changes only where the body of a message lies, so it may be in flight together with
// an ack, lease or retry of the same message.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "actors/queue/decide/decision.hpp"
#include "actors/queue/decide/dispatch.hpp"

namespace millrace::queues {

/// Limits of one step. A step takes at least one message, whatever its size.
struct RelocationLimits {
  std::size_t messages = 512;
  std::uint64_t bytes = 256u << 10;  ///< payloads and keys
  std::uint64_t looked_at = 65'536;  ///< live messages; bounds the time of a step
};

using RelocatedBody = std::pair<Sequence, Body>;

/// Live messages whose bodies lie in segments to be deleted.
struct Stranded {
  std::vector<RelocatedBody> bodies;  ///< in memory
  std::vector<WantedBody> wanted;     ///< to be read, in the order of the log
  Sequence next = 0;                  ///< where the next step begins; 0: all were looked at
};

/// Finds messages from number `from` on whose bodies lie before segment `before`.
[[nodiscard]] Stranded find_stranded(const State& state, logs::SegmentNumber before, Sequence from,
                                     const RelocationLimits& limits = {});

/// Relocates the messages of `bodies` that are still live and still lie before segment `before`.
/// Null record: there are none.
[[nodiscard]] Decision decide_relocation(const State& state, logs::SegmentNumber before,
                                         std::span<const RelocatedBody> bodies, TimeUs now_us);

/// One queue's part in a compaction, step by step:
///
///   next ─▶ bodies read from the log ─▶ relocate ─▶ commit ─▶ next … until is_done
///
/// The queue may change in any way between the calls. A crash keeps the relocations made so far.
class CompactionRun {
 public:
  /// Relocates everything live in segments before `before`.
  explicit CompactionRun(logs::SegmentNumber before, RelocationLimits limits = {})
      : before_(before), limits_(limits) {}

  /// Begins a step. Returns the bodies that it needs from the log, in the order of the log.
  [[nodiscard]] std::vector<WantedBody> next(const State& state) {
    step_ = find_stranded(state, before_, from_, limits_);
    wanted_ = step_.wanted.size();
    return std::move(step_.wanted);
  }

  /// Ends the step with the bodies that could be read. Null record: nothing to log in this step.
  [[nodiscard]] Decision relocate(const State& state, std::span<const RelocatedBody> read,
                                  TimeUs now_us) {
    // A body cannot be read if its segment was released, so its message is gone or was relocated.
    // The read stops there; the next step looks for the messages behind it again.
    if (read.size() == wanted_) {
      from_ = step_.next;
      done_ = from_ == 0;
    }
    step_.bodies.insert(step_.bodies.end(), read.begin(), read.end());
    Decision out = decide_relocation(state, before_, step_.bodies, now_us);
    step_.bodies.clear();
    return out;
  }

  /// Returns whether nothing live is left in the segments once the last record is committed.
  [[nodiscard]] bool is_done() const { return done_; }

 private:
  logs::SegmentNumber before_;
  RelocationLimits limits_;
  Sequence from_ = 0;  ///< messages before this number were looked at
  Stranded step_;
  std::size_t wanted_ = 0;
  bool done_ = false;
};

}  // namespace millrace::queues
