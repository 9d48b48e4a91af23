#include "apps/report/json.hpp"

#include <algorithm>
#include <cmath>
#include <functional>

#include <nlohmann/json.hpp>

namespace millrace::report {
namespace {

using Json = nlohmann::ordered_json;

double rounded(double value, int decimals) {
  const double scale = std::pow(10, decimals);
  return std::round(value * scale) / scale;
}

Json latency_json(const LatencyHistogram& latency) {
  return {{"p50", latency.percentile(0.5)},
          {"p99", latency.percentile(0.99)},
          {"p999", latency.percentile(0.999)},
          {"max", latency.max_us()}};
}

Json invariants_json(const RunReport& report) {
  Json list = Json::array();
  for (const Invariant& invariant : report.invariants) {
    Json first = nullptr;
    if (!invariant.held) first = invariant.first_violation;
    list.push_back(
        {{"name", invariant.name}, {"held", invariant.held}, {"first_violation", first}});
  }
  return list;
}

Json ledger_json(const RunReport& report) {
  Json object = Json::object();
  for (const auto& [queue, ledger] : report.ledger) {
    object[queue] = {{"offered", ledger.offered},
                     {"acked", ledger.acked},
                     {"dead", ledger.dead},
                     {"queued", ledger.queued()},
                     {"duplicates", ledger.duplicates},
                     {"dropped", ledger.dropped},
                     {"redelivered", ledger.redelivered}};
  }
  return object;
}

Json faults_json(const RunReport& report) {
  Json list = Json::array();
  for (const Fault& fault : report.faults) {
    Json recovered = nullptr;
    if (fault.recovered_after_s) recovered = rounded(*fault.recovered_after_s, 3);
    Json each = {{"at_s", rounded(fault.at_s, 3)},
                 {"kind", fault.kind},
                 {"node", fault.node},
                 {"recovered_after_s", recovered}};
    if (!fault.note.empty()) each["note"] = fault.note;
    if (fault.taken_over_after_s) {
      each["taken_over_after_s"] = rounded(*fault.taken_over_after_s, 3);
      each["was_log_at_fault"] = fault.was_log_at_fault;
    }
    if (fault.nothing_confirmed_s) {
      each["nothing_confirmed_s"] = rounded(*fault.nothing_confirmed_s, 3);
    }
    list.push_back(std::move(each));
  }
  return list;
}

Json summary_json(const DurationSummary& summary) {
  if (summary.count == 0) return nullptr;
  return {{"count", summary.count},
          {"median_s", rounded(summary.median_s, 3)},
          {"max_s", rounded(summary.max_s, 3)}};
}

template <class Field>
Json column(const std::vector<Sample>& samples, Field field) {
  Json values = Json::array();
  for (const Sample& sample : samples) values.push_back(field(sample));
  return values;
}

// Returns one column per name: element i of the vector `field` of each sample, 0 if the vector is
// shorter.
template <class Field>
Json columns(const RunReport& report, const std::vector<std::string>& names, Field field) {
  Json object = Json::object();
  for (std::size_t i = 0; i < names.size(); ++i) {
    object[names[i]] = column(report.samples, [&](const Sample& sample) {
      const std::vector<std::uint64_t>& values = std::invoke(field, sample);
      return i < values.size() ? values[i] : 0;
    });
  }
  return object;
}

Json samples_json(const RunReport& report) {
  const auto& samples = report.samples;
  return {
      {"t_s", column(samples, [](const Sample& s) { return rounded(s.t_s, 3); })},
      {"offered", column(samples, [](const Sample& s) { return s.offered; })},
      {"finished", column(samples, [](const Sample& s) { return s.finished; })},
      {"p50_us", column(samples, [](const Sample& s) { return s.p50_us; })},
      {"p99_us", column(samples, [](const Sample& s) { return s.p99_us; })},
      {"rss_bytes", column(samples, [](const Sample& s) { return s.rss_bytes; })},
      {"queue_depth", columns(report, report.queue_names, &Sample::queue_depth)},
      {"states", columns(report, report.state_names, &Sample::states)},
  };
}

Json pairs_json(const auto& pairs) {
  Json object = Json::object();
  for (const auto& [name, value] : pairs) object[name] = value;
  return object;
}

std::string text_of(const Json& json, int indent) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

// Prints JSON indented by two. An array or object without nested arrays or objects takes one line.
std::string laid_out(const Json& json, const std::string& indent) {
  const bool nested = json.is_structured() && !json.empty() &&
                      std::any_of(json.begin(), json.end(),
                                  [](const Json& inner) { return inner.is_structured(); });
  const bool top = indent.empty();
  if (!nested && !top) return text_of(json, -1);
  const std::string inner = indent + "  ";
  std::string text = json.is_object() ? "{\n" : "[\n";
  bool first = true;
  for (const auto& [key, value] : json.items()) {
    if (!first) text += ",\n";
    first = false;
    text +=
        inner + (json.is_object() ? text_of(Json(key), -1) + ": " : "") + laid_out(value, inner);
  }
  return text + "\n" + indent + (json.is_object() ? "}" : "]");
}

}  // namespace

std::string to_json(const RunReport& report) {
  const Json json = {
      {"format", 1},
      {"version", report.version},
      {"verdict", passed(report) ? "PASS" : "FAIL"},
      {"failure", report.failure.empty() ? Json(nullptr) : Json(report.failure)},
      {"seed", report.seed},
      {"nodes", report.nodes},
      {"orders", {{"offered", report.orders_offered}, {"accounted", report.orders_accounted}}},
      {"lost", report.lost},
      {"unexpected", report.unexpected},
      {"duplicated_effects", report.duplicated_effects},
      {"order_violations", report.order_violations},
      {"states", pairs_json(report.states)},
      {"invariants", invariants_json(report)},
      {"ledger", ledger_json(report)},
      {"duration_s", rounded(report.duration_s, 3)},
      {"throughput_per_s", rounded(report.throughput_per_s, 1)},
      {"latency_us", latency_json(report.latency)},
      {"faults", faults_json(report)},
      {"takeovers", summary_json(takeovers(report, false))},
      {"takeovers_of_silent", summary_json(takeovers(report, true))},
      {"log_outages", summary_json(log_outages(report))},
      {"shards_moved", report.shards_moved},
      {"rss_peak_bytes", report.rss_peak_bytes},
      {"cpu_s", rounded(report.cpu_s, 2)},
      {"configuration", pairs_json(report.configuration)},
      {"samples", samples_json(report)},
  };
  return laid_out(json, "") + "\n";
}

}  // namespace millrace::report
