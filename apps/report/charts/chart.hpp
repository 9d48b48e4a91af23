// Chart: lines or stacked areas over one x axis, as HTML with an inline SVG.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "apps/report/charts/scale.hpp"

namespace millrace::report {

/// Escapes `text` for HTML content or a quoted attribute value.
[[nodiscard]] std::string escaped(std::string_view text);

/// Escapes each "<" in JSON, so that the JSON cannot end its <script> element.
[[nodiscard]] std::string script_json(std::string_view json);

/// One line, or one layer of a stack. `values` has one value per Chart::x; NaN is a gap.
struct Series {
  std::string name;
  std::string color;  ///< a class of the style sheet: "c0" to "c9", "good", "bad", "faint"
  std::vector<double> values;
  bool filled = false;  ///< the area below a line is tinted
};

/// A plot with its axes; chart_html() draws it.
struct Chart {
  std::string title;
  std::string subtitle;  ///< what is plotted, and its unit
  std::vector<double> x;
  Scale x_scale;
  Scale y_scale;
  std::vector<Series> series;
  bool stacked = false;
  std::vector<double> marks;                     ///< x of events, drawn as vertical lines
  std::vector<std::pair<double, double>> bands;  ///< tinted spans of x: durations of events
  std::function<std::string(double)> x_text;     ///< formats x for the tooltip
  std::function<std::string(double)> y_text;     ///< formats y for the tooltip
};

/// Renders the chart as a <figure> that fills its width. The SVG is stretched; labels are HTML next
/// to it and keep their size.
[[nodiscard]] std::string chart_html(const Chart& chart);

}  // namespace millrace::report
