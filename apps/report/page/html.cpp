#include "apps/report/page/html.hpp"

#include <algorithm>

#include "apps/report/charts/markup.hpp"
#include "apps/report/charts/run_charts.hpp"
#include "apps/report/format.hpp"
#include "apps/report/page/page_assets.hpp"
#include "apps/report/page/tables.hpp"

namespace millrace::report {
namespace {

std::string seconds(double value) {
  return short_duration(static_cast<DurationUs>(value * 1e6), " ");
}

std::string headline(const RunReport& report) {
  if (!report.failure.empty()) return "The run could not be finished";
  const std::string accounted = with_commas(report.orders_accounted) + " of " +
                                with_commas(report.orders_offered) + " orders accounted for";
  return passed(report) ? accounted + ", none lost, none repeated" : accounted;
}

std::string broken(const RunReport& report) {
  std::string text;
  const auto add = [&text](const std::string& what) {
    text += R"(<p class="broken">)" + escaped(what) + "</p>";
  };
  const auto add_count = [&add](std::uint64_t count, const char* what) {
    if (count > 0) add(with_commas(count) + " " + what);
  };
  if (!report.failure.empty()) add(report.failure);
  add_count(report.lost, "lost");
  add_count(report.unexpected, "unexpected");
  add_count(report.duplicated_effects, "duplicated effects");
  add_count(report.order_violations, "order violations");
  for (const Invariant& invariant : report.invariants) {
    if (!invariant.held) add("Broken: " + invariant.name + ": " + invariant.first_violation);
  }
  return text;
}

std::string head(const RunReport& report) {
  const bool pass = passed(report);
  return R"(<header class="card head )" + std::string(pass ? "pass" : "fail") +
         R"("><span class="badge">)" + (pass ? "PASS" : "FAIL") + "</span><div><h1>" +
         escaped(headline(report)) + "</h1>" + broken(report) + "<p>seed " +
         std::to_string(report.seed) + " · " + std::to_string(report.nodes) +
         (report.nodes == 1 ? " node" : " nodes") + " · " + seconds(report.duration_s) +
         (report.faults.empty() ? ""
                                : " · " + std::to_string(report.faults.size()) +
                                      (report.faults.size() == 1 ? " fault" : " faults")) +
         "</p></div></header>\n";
}

std::string tile(const char* name, const std::string& value) {
  return std::string(R"(<div class="card"><dt>)") + name + "</dt><dd>" + escaped(value) +
         "</dd></div>";
}

std::string tiles(const RunReport& report) {
  const auto latency = [&report](double fraction) {
    return short_duration(report.latency.percentile(fraction), " ");
  };
  std::string html = R"(<dl class="tiles">)";
  html += tile("orders a second",
               with_commas(static_cast<std::uint64_t>(std::max(0.0, report.throughput_per_s))));
  html += tile("latency p50", latency(0.5)) + tile("latency p99", latency(0.99)) +
          tile("latency p99.9", latency(0.999));
  if (!report.faults.empty()) {
    const auto recovery = worst_recovery_s(report);
    html += tile("longest recovery", recovery ? seconds(*recovery) : "never");
  }
  html += tile("peak memory", short_bytes(static_cast<double>(report.rss_peak_bytes)));
  html += tile("processor time", seconds(report.cpu_s));
  return html + "</dl>\n";
}

}  // namespace

std::string to_html(const RunReport& report) {
  std::string html =
      R"(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>)" +
      std::string(passed(report) ? "PASS" : "FAIL") + " · Millrace simulation, seed " +
      std::to_string(report.seed) + "</title>\n<style>" + std::string(page_style) +
      "</style>\n</head>\n<body>\n" + head(report) + tiles(report) + R"(<div class="charts">)";
  for (const Chart& chart : run_charts(report)) html += chart_html(chart);
  html += "</div>\n<h2>Audit</h2>\n" + tables_html(report) + "<footer>Rerun with <code>--seed " +
          std::to_string(report.seed) + "</code>. The same, for programs, is in " +
          R"(<a href="report.json">report.json</a>. Millrace )" + escaped(report.version) +
          "</footer>\n<script>" + std::string(page_script) + "</script>\n</body>\n</html>\n";
  return html;
}

}  // namespace millrace::report
