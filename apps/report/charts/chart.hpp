// Chart: lines or a stack of areas over a common axis, as HTML with an inline SVG.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "apps/report/charts/scale.hpp"

namespace millrace::report {

/// `text` as HTML content or a quoted attribute's value.
[[nodiscard]] std::string escaped(std::string_view text);

/// JSON that may stand within a <script> element: no "<" is left that could end it.
[[nodiscard]] std::string script_json(std::string_view json);

/// One line, or one layer of a stack. Its values stand over the chart's x, one each; NaN is a gap.
struct Series {
  std::string name;
  std::string color;  ///< a class of the style sheet: "c0" to "c9", "good", "bad", "faint"
  std::vector<double> values;
  bool filled = false;  ///< the area below a line is tinted
};

/// A plot with its axes. Only numbers and names go in; all drawing is done by chart_html.
struct Chart {
  std::string title;
  std::string subtitle;  ///< what is plotted, and its unit
  std::vector<double> x;
  Scale x_scale;
  Scale y_scale;
  std::vector<Series> series;
  bool stacked = false;
  std::vector<double> marks;                     ///< x of events, drawn as vertical lines
  std::vector<std::pair<double, double>> bands;  ///< spans of x, tinted: how long events lasted
  std::function<std::string(double)> x_text;     ///< of a value, for the pointer's tooltip
  std::function<std::string(double)> y_text;     ///< likewise
};

/// The chart as a <figure>. It fills whatever width it is given: the SVG is stretched, while texts
/// are HTML beside it and keep their size.
[[nodiscard]] std::string chart_html(const Chart& chart);

}  // namespace millrace::report
