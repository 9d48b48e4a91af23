// Progress: shows the progress of a run: as a bar on a terminal, else as a line every few seconds.
#pragma once

#include <cstdint>
#include <deque>
#include <iosfwd>
#include <optional>
#include <string>
#include <utility>

#include "actors/base/time.hpp"

namespace millrace::report {

/// Progress of a run. Counts are since its start.
struct ProgressState {
  std::uint64_t finished = 0;  ///< orders in a final state
  std::uint64_t total = 0;     ///< all orders of the run; 0: unknown
  std::uint64_t retried = 0;   ///< failed attempts that are retried
  std::uint64_t dead = 0;      ///< dead letters
  std::uint64_t waiting = 0;   ///< messages in all queues; shown when every order is finished
};

/// Output style.
struct ProgressStyle {
  bool terminal = false;  ///< the stream is a terminal: rewrite one line, ten times a second
  bool color = false;
  int width = 80;  ///< columns; longer lines are cut
};

/// Not thread-safe.
class Progress {
 public:
  /// `out` must outlive this object.
  Progress(std::ostream& out, ProgressStyle style) : out_(out), style_(style) {}

  /// Shows the state, at most every 100 ms on a terminal and every 5 s elsewhere; other calls only
  /// record it. `now_us`: a monotonic time.
  void update(const ProgressState& state, TimeUs now_us);

  /// Erases the progress line on a terminal; call before other output.
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
