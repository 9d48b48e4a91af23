// CompactionRun: one queue's part in the compaction of segments, step by step.
//
//   next ─▶ bodies read from the log ─▶ moves ─▶ commit ─▶ next … until is_done
//
// Between the steps anything may happen to the queue, but for the end of the process: then what was
// moved so far is moved, and the rest is where it was.
#pragma once

#include <span>
#include <vector>

#include "actors/queue/decide/decide_relocation.hpp"

namespace millrace::queues {

class CompactionRun {
 public:
  /// Everything live in segments before `before` is to be written again.
  explicit CompactionRun(journal::SegmentNumber before, RelocationLimits limits = {})
      : before_(before), limits_(limits) {}

  /// Begins a step. Returns the bodies that must be read from the log for it, in the log's order.
  [[nodiscard]] std::vector<WantedBody> next(const State& state) {
    step_ = find_stranded(state, before_, from_, limits_);
    wanted_ = step_.wanted.size();
    return std::move(step_.wanted);
  }

  /// Ends the step with what could be read. A null record: nothing to log in this step.
  [[nodiscard]] Decision moves(const State& state, std::span<const RelocatedBody> read,
                               TimeUs now_us) {
    // What could not be read was released: by now its messages are gone, or lie elsewhere. Those
    // behind it were not reached, so they are looked for again.
    if (read.size() == wanted_) {
      from_ = step_.next;
      done_ = from_ == 0;
    }
    step_.bodies.insert(step_.bodies.end(), read.begin(), read.end());
    Decision out = decide_relocation(state, before_, step_.bodies, now_us);
    step_.bodies.clear();
    return out;
  }

  /// Nothing live is left there, when the last record is committed.
  [[nodiscard]] bool is_done() const { return done_; }

 private:
  journal::SegmentNumber before_;
  RelocationLimits limits_;
  Sequence from_ = 0;  ///< messages before this one have been looked at
  Stranded step_;
  std::size_t wanted_ = 0;
  bool done_ = false;
};

}  // namespace millrace::queues
