// How far a run has come: a bar on a terminal, elsewhere a plain line now and then.
#pragma once

#include <cstdint>
#include <deque>
#include <iosfwd>
#include <optional>
#include <string>
#include <utility>

#include "actors/base/time.hpp"

namespace millrace::report {

/// How far it is. All counts are since the start of the run.
struct ProgressState {
  std::uint64_t finished = 0;  ///< orders in a final state
  std::uint64_t total = 0;     ///< orders to come in all; 0: not known
  std::uint64_t retried = 0;   ///< failed attempts that were queued again
  std::uint64_t dead = 0;      ///< dead letters
  std::uint64_t waiting = 0;   ///< messages in all queues; shown when every order is finished
};

/// How to show it.
struct ProgressStyle {
  bool terminal = false;  ///< the stream is a terminal: rewrite one line, ten times a second
  bool color = false;
  int width = 80;  ///< columns; what does not fit is cut
};

/// Shows progress on a stream. For one thread.
class Progress {
 public:
  /// `out` must outlive this.
  Progress(std::ostream& out, ProgressStyle style) : out_(out), style_(style) {}

  /// Call it as often as is convenient: it shows the state at most every 100 ms on a terminal, and
  /// every 5 s elsewhere. `now_us` is any clock that never runs back.
  void update(const ProgressState& state, TimeUs now_us);

  /// Takes the line off the terminal, so that other output can follow.
  void clear();

 private:
  void remember(std::uint64_t finished, TimeUs now_us);
  [[nodiscard]] double rate_per_s() const;
  [[nodiscard]] std::string line(const ProgressState& state) const;
  [[nodiscard]] std::string bar(double share) const;

  std::ostream& out_;
  ProgressStyle style_;
  std::optional<TimeUs> shown_at_;
  bool on_screen_ = false;
  std::deque<std::pair<TimeUs, std::uint64_t>> recent_;  ///< (time, finished) of the last seconds
};

}  // namespace millrace::report
