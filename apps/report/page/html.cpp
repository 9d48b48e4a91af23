#include "apps/report/page/html.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <optional>
#include <vector>

#include "apps/report/charts/chart.hpp"
#include "apps/report/charts/run_charts.hpp"
#include "apps/report/format.hpp"
#include "apps/report/page/page_assets.hpp"

namespace millrace::report {

namespace {

std::string card(const std::string& title, const std::string& head, const std::string& rows,
                 const std::string& kind = "") {
  if (rows.empty()) return "";
  return std::string(R"(<section class="card)") + (kind.empty() ? "" : " " + kind) + R"("><h3>)" +
         title + R"(</h3><div class="scroll"><table><tr>)" + head + "</tr>" + rows +
         "</table></div></section>\n";
}

std::string cell(const std::string& html) {
  return "<td>" + html + "</td>";
}
std::string number_cell(const std::string& text) {
  return R"(<td class="n">)" + text + "</td>";
}
std::string number_cell(std::uint64_t value) {
  return number_cell(with_commas(value));
}

std::string seconds(double value) {
  return short_duration(static_cast<DurationUs>(value * 1e6), " ");
}

std::string judged(bool good, const std::string& yes, const std::string& no) {
  return good ? R"(<td class="held">)" + yes + "</td>" : R"(<td class="not">)" + no + "</td>";
}

std::string invariants(const RunReport& report) {
  std::string rows;
  for (const Invariant& invariant : report.invariants) {
    rows +=
        "<tr>" + judged(invariant.held, "✓ held", "✗ broken") + "<td>" + escaped(invariant.name) +
        (invariant.held ? ""
                        : R"(<p class="broken">)" + escaped(invariant.first_violation) + "</p>") +
        "</td></tr>";
  }
  return card("Invariants", "<th></th><th>what must hold</th>", rows, "invariants");
}

std::string bars_of_states(const RunReport& report) {
  std::uint64_t top = 1;
  for (const auto& [state, count] : report.states) top = std::max(top, count);
  std::string rows;
  for (const auto& [state, count] : report.states) {
    std::array<char, 32> width{};
    std::snprintf(width.data(), width.size(), "%.1f",
                  100 * static_cast<double>(count) / static_cast<double>(top));
    rows += "<tr>" + cell(escaped(state_text(state))) + number_cell(count) + R"(<td class="bar )" +
            (state == "SHIPPED" ? "good" : "c0") + R"(">)" +
            (count > 0 ? std::string(R"(<i style="width:)") + width.data() + R"(%"></i>)" : "") +
            "</td></tr>";
  }
  return card("Orders at rest", R"(<th>state</th><th class="n">orders</th><th></th>)", rows);
}

std::string ledger(const RunReport& report) {
  std::string rows;
  for (const auto& [queue, counts] : report.ledger) {
    rows += "<tr>" + cell("<code>" + escaped(queue) + "</code>") + number_cell(counts.offered) +
            number_cell(counts.acked) + number_cell(counts.dead) + number_cell(counts.dropped) +
            number_cell(balances(counts) ? with_commas(counts.queued()) : "—") +
            number_cell(counts.redelivered) + number_cell(counts.duplicates) +
            judged(balances(counts), "✓ balances", "✗ does not balance") + "</tr>";
  }
  std::string head = "<th>queue</th>";
  for (const char* name :
       {"offered", "acked", "dead", "removed", "queued", "redelivered", "duplicates dropped"})
    head += std::string(R"(<th class="n">)") + name + "</th>";
  return card("Ledger: offered = acked + dead + removed + queued", head + "<th></th>", rows,
              "wide");
}

std::string seconds_cell(const std::optional<double>& value) {
  return number_cell(value ? seconds(*value) : "");
}

std::string faults(const RunReport& report) {
  const bool has_standbys = takeovers(report, false).count + takeovers(report, true).count > 0;
  const bool has_outages = log_outages(report).count > 0;
  std::string rows;
  for (const Fault& fault : report.faults) {
    rows += "<tr>" + number_cell(seconds(fault.at_s)) + cell(escaped(fault.kind)) +
            cell(escaped(fault.note.empty() ? fault.node : fault.node + ": " + fault.note)) +
            (has_standbys ? seconds_cell(fault.taken_over_after_s) : "") +
            (has_outages ? seconds_cell(fault.nothing_confirmed_s) : "") +
            (fault.recovered_after_s ? number_cell(seconds(*fault.recovered_after_s))
                                     : R"(<td class="not n">never</td>)") +
            "</tr>";
  }
  std::string head = R"(<th class="n">at</th><th>kind</th><th>node</th>)";
  if (has_standbys) head += R"(<th class="n">taken over after</th>)";
  if (has_outages) head += R"(<th class="n">nothing confirmed for</th>)";
  return card("Faults", head + R"(<th class="n">recovered after</th>)", rows);
}

std::string configuration(const RunReport& report) {
  std::string rows;
  for (const auto& [option, value] : report.configuration)
    rows += "<tr>" + cell(escaped(option)) + cell("<code>" + escaped(value) + "</code>") + "</tr>";
  return card("Configuration", "<th>option</th><th>value</th>", rows);
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
  if (const DurationSummary ends = takeovers(report, false); ends.count > 0) {
    html += tile("longest takeover", seconds(ends.max_s));
  }
  html += tile("peak memory", short_bytes(static_cast<double>(report.rss_peak_bytes)));
  html += tile("processor time", seconds(report.cpu_s));
  return html + "</dl>\n";
}

}  // namespace

std::string tables_html(const RunReport& report) {
  return R"(<div class="tables">)" + invariants(report) + bars_of_states(report) + ledger(report) +
         faults(report) + configuration(report) + "</div>\n";
}

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
