// Scale: maps values to positions on an axis, and selects ticks.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace millrace::report {

/// A labelled position on an axis.
struct Tick {
  double position = 0;  ///< 0 (left, bottom) to 1 (right, top)
  std::string label;
  bool minor = false;  ///< omitted if there is little room
};

/// One axis of a plot.
struct Scale {
  std::function<double(double)> position;  ///< position of a value: 0..1 within the axis
  std::vector<Tick> ticks;
  bool shows_zero = true;  ///< false: logarithmic; values <= 0 have no position
};

/// Counts from 0 to a round number not below `top`.
[[nodiscard]] Scale count_scale(double top);

/// Bytes from 0 to a round number not below `top`.
[[nodiscard]] Scale bytes_scale(double top);

/// Durations in microseconds, logarithmic, over whole decades around `lowest` and `highest`.
[[nodiscard]] Scale duration_scale(double lowest, double highest);

/// Seconds from 0 to exactly `end`.
[[nodiscard]] Scale time_scale(double end);

/// Shares from 0 to 1; each further nine (0.9, 0.99, …) has equal width, up to 1 - 1/count.
[[nodiscard]] Scale percentile_scale(double count);

}  // namespace millrace::report
