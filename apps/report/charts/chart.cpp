#include "apps/report/charts/chart.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include <nlohmann/json.hpp>

namespace millrace::report {

std::string escaped(std::string_view text) {
  std::string html;
  html.reserve(text.size());
  for (const char letter : text) {
    switch (letter) {
      case '&':
        html += "&amp;";
        break;
      case '<':
        html += "&lt;";
        break;
      case '>':
        html += "&gt;";
        break;
      case '"':
        html += "&quot;";
        break;
      case '\'':
        html += "&#39;";
        break;
      default:
        html += letter;
    }
  }
  return html;
}

std::string script_json(std::string_view json) {
  std::string safe;
  safe.reserve(json.size());
  for (const char letter : json) {
    if (letter == '<') {
      safe += "\\u003c";
    } else {
      safe += letter;
    }
  }
  return safe;
}

namespace {

constexpr double canvas = 1000;  // units of the SVG on both axes

std::string number(double value) {
  std::array<char, 32> buffer{};
  std::snprintf(buffer.data(), buffer.size(), "%.1f", value);
  std::string text = buffer.data();
  if (text.ends_with(".0")) text.resize(text.size() - 2);
  return text;
}

std::string percent(double share) {
  return number(100 * share) + "%";
}

std::string point(const Chart& chart, double x, double y) {
  const double up = std::clamp(chart.y_scale.position(y), 0.0, 1.0);
  return number(canvas * chart.x_scale.position(x)) + " " + number(canvas * (1 - up));
}

bool has_place(const Chart& chart, double value) {
  return !std::isnan(value) && (chart.y_scale.shows_zero || value > 0);
}

// Draws a line through each run of values without a gap, and fills the area below it if set.
void draw_line(const Chart& chart, const Series& series, std::string& svg) {
  std::string line;
  std::string area;
  std::size_t i = 0;
  while (i < series.values.size()) {
    std::size_t end = i;
    std::string run;
    while (end < series.values.size() && has_place(chart, series.values[end])) {
      run += (end == i ? "" : "L") + point(chart, chart.x[end], series.values[end]);
      ++end;
    }
    if (end > i) {
      line += "M" + run + (end == i + 1 ? "h0" : "");
      area += "M" + run + "L" + number(canvas * chart.x_scale.position(chart.x[end - 1])) +
              " 1000L" + number(canvas * chart.x_scale.position(chart.x[i])) + " 1000Z";
    }
    i = std::max(end, i + 1);
  }
  if (series.filled) svg += R"(<path class="tint )" + series.color + R"(" d=")" + area + R"("/>)";
  svg += R"(<path class="line )" + series.color + R"(" d=")" + line + R"("/>)";
}

// Draws the series stacked: each layer starts at the sum of the layers before it.
void draw_stack(const Chart& chart, std::string& svg) {
  std::vector<double> below(chart.x.size(), 0);
  for (const Series& series : chart.series) {
    std::string outline;
    std::vector<std::string> lower_edge;
    for (std::size_t i = 0; i < chart.x.size(); ++i) {
      lower_edge.push_back(point(chart, chart.x[i], below[i]));
      below[i] += series.values[i];
      outline += i == 0 ? "M" : "L";
      outline += point(chart, chart.x[i], below[i]);
    }
    for (auto edge = lower_edge.rbegin(); edge != lower_edge.rend(); ++edge) {
      outline += "L";
      outline += *edge;
    }
    svg += R"(<path class="layer )" + series.color + R"(" d=")" + outline + R"(Z"/>)";
  }
}

std::string grid(const Chart& chart) {
  std::string path;
  for (const Tick& tick : chart.y_scale.ticks)
    path += "M0 " + number(canvas * (1 - tick.position)) + "H1000";
  return R"(<path class="grid" d=")" + path + R"("/>)";
}

std::string marks(const Chart& chart) {
  std::string path;
  for (const double x : chart.marks)
    path += "M" + number(canvas * chart.x_scale.position(x)) + " 0V1000";
  return path.empty() ? "" : R"(<path class="mark" d=")" + path + R"("/>)";
}

// Rectangles of Chart::bands. The caller draws them behind lines but on top of stacked layers,
// which would hide them.
std::string bands(const Chart& chart) {
  std::string svg;
  for (const auto& [from, to] : chart.bands) {
    const double left = canvas * chart.x_scale.position(from);
    const double right = canvas * chart.x_scale.position(to);
    svg += R"(<rect class="band" x=")" + number(left) + R"(" y="0" width=")" +
           number(std::max(right - left, 0.0)) + R"(" height="1000"/>)";
  }
  return svg;
}

// The last label of a horizontal axis is right-aligned to its tick, to stay within the card.
std::string label_class(const Tick& tick, bool horizontal) {
  std::string names = tick.minor ? "minor" : "";
  if (horizontal && tick.position > 0.95) names += names.empty() ? "end" : " end";
  return names.empty() ? "" : R"( class=")" + names + R"(")";
}

std::string labels(const std::vector<Tick>& ticks, bool horizontal) {
  std::string html;
  for (const Tick& tick : ticks) {
    html += "<span" + label_class(tick, horizontal) + R"( style=")" +
            (horizontal ? "left:" : "bottom:") + percent(tick.position) + R"(">)" +
            escaped(tick.label) + "</span>";
  }
  return html;
}

std::string legend(const Chart& chart) {
  std::string html = "<ul class=\"legend\">";
  for (const Series& series : chart.series)
    html += R"(<li class=")" + series.color + R"("><i></i>)" + escaped(series.name) + "</li>";
  if (!chart.marks.empty())
    html += R"(<li class="bad"><i class="dash"></i>fault, until work goes on</li>)";
  return html + "</ul>";
}

// JSON of the tooltip texts by x. All texts are formatted here; the page's script only selects the
// nearest x.
std::string tooltip_data(const Chart& chart) {
  nlohmann::ordered_json data = {{"x", nlohmann::json::array()},
                                 {"at", nlohmann::json::array()},
                                 {"series", nlohmann::json::array()}};
  for (const double x : chart.x) {
    data["at"].push_back(std::round(1e4 * chart.x_scale.position(x)) / 1e4);
    data["x"].push_back(chart.x_text(x));
  }
  for (const Series& series : chart.series) {
    nlohmann::ordered_json values = nlohmann::json::array();
    for (const double value : series.values)
      values.push_back(has_place(chart, value) ? chart.y_text(value) : "");
    data["series"].push_back({{"name", series.name}, {"color", series.color}, {"values", values}});
  }
  return script_json(data.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

}  // namespace

std::string chart_html(const Chart& chart) {
  std::string svg =
      R"(<svg viewBox="0 0 1000 1000" preserveAspectRatio="none" aria-hidden="true">)";
  if (!chart.stacked) svg += bands(chart) + grid(chart);
  if (chart.stacked) {
    draw_stack(chart, svg);
    svg += bands(chart) + grid(chart);
  } else {
    for (const Series& series : chart.series) draw_line(chart, series, svg);
  }
  svg += marks(chart) + "</svg>";
  return R"(<figure class="card chart"><figcaption><h3>)" + escaped(chart.title) + "</h3><p>" +
         escaped(chart.subtitle) + "</p></figcaption>" + legend(chart) +
         R"(<div class="plot"><div class="y">)" + labels(chart.y_scale.ticks, false) +
         R"(</div><div class="area">)" + svg +
         R"(<div class="rule"></div><div class="tip"></div></div><div class="x">)" +
         labels(chart.x_scale.ticks, true) + R"(</div></div><script type="application/json">)" +
         tooltip_data(chart) + "</script></figure>\n";
}

}  // namespace millrace::report
