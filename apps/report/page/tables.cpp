#include "apps/report/page/tables.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <vector>

#include "apps/report/charts/markup.hpp"
#include "apps/report/format.hpp"

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

std::string states(const RunReport& report) {
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

std::string faults(const RunReport& report) {
  std::string rows;
  for (const Fault& fault : report.faults) {
    rows += "<tr>" + number_cell(seconds(fault.at_s)) + cell(escaped(fault.kind)) +
            cell(escaped(fault.node)) +
            (fault.recovered_after_s ? number_cell(seconds(*fault.recovered_after_s))
                                     : R"(<td class="not n">never</td>)") +
            "</tr>";
  }
  return card(
      "Faults",
      R"(<th class="n">at</th><th>kind</th><th>node</th><th class="n">recovered after</th>)", rows);
}

std::string configuration(const RunReport& report) {
  std::string rows;
  for (const auto& [option, value] : report.configuration)
    rows += "<tr>" + cell(escaped(option)) + cell("<code>" + escaped(value) + "</code>") + "</tr>";
  return card("Configuration", "<th>option</th><th>value</th>", rows);
}

}  // namespace

std::string tables_html(const RunReport& report) {
  return R"(<div class="tables">)" + invariants(report) + states(report) + ledger(report) +
         faults(report) + configuration(report) + "</div>\n";
}

}  // namespace millrace::report
