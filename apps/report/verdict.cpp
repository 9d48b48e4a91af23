#include "apps/report/verdict.hpp"

#include "apps/report/format.hpp"

namespace millrace::report {
namespace {

constexpr const char* green = "\033[1;32m";
constexpr const char* red = "\033[1;31m";
constexpr const char* plain = "\033[0m";

std::string painted(const std::string& text, const char* color, bool wanted) {
  return wanted ? color + text + plain : text;
}

std::string states_of(const RunReport& report) {
  std::string text;
  for (const auto& [state, count] : report.states) {
    if (count > 0) text += " " + state_text(state) + " " + with_commas(count);
  }
  return text.empty() ? text : ":" + text;
}

std::string counts_of(const RunReport& report) {
  std::string text = "         lost " + with_commas(report.lost) + "  unexpected " +
                     with_commas(report.unexpected) + "  duplicated effects " +
                     with_commas(report.duplicated_effects) + "  order violations " +
                     with_commas(report.order_violations);
  if (report.faults.empty()) return text;
  const auto recovery = worst_recovery_s(report);
  return text + "  recovery " +
         (recovery ? short_duration(static_cast<DurationUs>(*recovery * 1e6)) : "never");
}

std::string latency_of(const LatencyHistogram& latency) {
  return "latency  p50 " + short_duration(latency.percentile(0.5)) + "  p99 " +
         short_duration(latency.percentile(0.99)) + "  p99.9 " +
         short_duration(latency.percentile(0.999)) + "  max " + short_duration(latency.max_us());
}

std::string line_of(const char* name, const DurationSummary& summary) {
  const auto duration = [](double seconds) {
    return short_duration(static_cast<DurationUs>(seconds * 1e6));
  };
  return summary.count == 0
             ? ""
             : std::string(name) + with_commas(summary.count) + "  median " +
                   duration(summary.median_s) + "  max " + duration(summary.max_s) + "\n";
}

std::string notes_of(const RunReport& report) {
  std::string text;
  for (const Fault& fault : report.faults) {
    if (!fault.note.empty()) text += fault.kind + "  " + fault.node + ": " + fault.note + "\n";
  }
  return text;
}

std::string broken_of(const RunReport& report) {
  std::string text;
  if (!report.failure.empty()) text += "failure  " + report.failure + "\n";
  for (const Invariant& invariant : report.invariants) {
    if (!invariant.held)
      text += "broken   " + invariant.name + ": " + invariant.first_violation + "\n";
  }
  for (const auto& [queue, ledger] : report.ledger) {
    if (!balances(ledger)) text += "broken   the ledger of " + queue + " does not balance\n";
  }
  return text;
}

}  // namespace

std::string verdict_text(const RunReport& report, const VerdictStyle& style) {
  const bool pass = passed(report);
  if (!was_audited(report)) {
    return "verdict  " + painted("FAIL", red, style.color) + "  not audited: " +
           with_commas(report.samples.empty() ? 0 : report.samples.back().finished) + " of " +
           with_commas(report.orders_offered) + " offered orders were finished\n" +
           broken_of(report) + "         rerun with --seed " + std::to_string(report.seed) + "\n";
  }
  std::string text = "verdict  " +
                     painted(pass ? "PASS" : "FAIL", pass ? green : red, style.color) + "  " +
                     with_commas(report.orders_accounted) + " of " +
                     with_commas(report.orders_offered) + " accounted" + states_of(report) + "\n";
  text += counts_of(report) + "\n" + latency_of(report.latency) + "\n" +
          line_of("taken over after an end  ", takeovers(report, false)) +
          line_of("taken over after silence  ", takeovers(report, true)) +
          line_of("nothing confirmed  ", log_outages(report)) + notes_of(report) +
          broken_of(report);
  const std::string rerun = "rerun with --seed " + std::to_string(report.seed);
  if (style.directory.empty()) return text + "         " + rerun + "\n";
  const std::string slash = style.directory.back() == '/' ? "" : "/";
  return text + "report   " + style.directory + slash + "index.html  " + style.directory + slash +
         "report.json       " + rerun + "\n";
}

}  // namespace millrace::report
