// Axes: where a value lies between the ends of a plot, and which ticks to label.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace millrace::report {

/// A labelled place on an axis.
struct Tick {
  double position = 0;  ///< 0 (left, bottom) to 1 (right, top)
  std::string label;
  bool minor = false;  ///< left out where there is little room
};

/// One axis of a plot.
struct Scale {
  std::function<double(double)> position;  ///< of a value: 0..1 within the axis
  std::vector<Tick> ticks;
  bool shows_zero = true;  ///< false: values that are not positive have no place (logarithmic)
};

/// Counts from 0 to a round number not below `top`.
[[nodiscard]] Scale count_scale(double top);

/// Bytes from 0 to a round number not below `top`.
[[nodiscard]] Scale bytes_scale(double top);

/// Durations in microseconds, logarithmic, over whole decades around `lowest` and `highest`.
[[nodiscard]] Scale duration_scale(double lowest, double highest);

/// Seconds from 0 to exactly `end`.
[[nodiscard]] Scale time_scale(double end);

/// Shares from 0 to 1 where each further nine takes the same room, up to one in `count`.
[[nodiscard]] Scale percentile_scale(double count);

}  // namespace millrace::report
