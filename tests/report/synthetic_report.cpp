#include "tests/report/synthetic_report.hpp"

#include <algorithm>
#include <cmath>
#include <random>

namespace millrace::report {
namespace {

using Random = std::mt19937_64;

constexpr double tick_s = 0.25;
constexpr double pace = 6000;  // orders per second without faults

const std::vector<std::string> queue_names = {
    "orders.placed",     "orders.events",     "stock.requests",
    "payments.requests", "shipping.requests", "orders.notifications",
    "orders.dead",       "payments.dead",     "outbox.1"};
const std::vector<std::string> state_names = {"RESERVING", "PAYING",       "SHIPPING",
                                              "SHIPPED",   "OUT_OF_STOCK", "PAYMENT_FAILED",
                                              "REJECTED",  "CANCELLED",    "PAUSED"};

// Share of the throughput without faults: 0 right after a fault, 1 from 2 s after it on.
double health(double t, const std::vector<Fault>& faults) {
  for (const Fault& fault : faults) {
    const double since = t - fault.at_s;
    if (since >= 0 && since < 2) return std::clamp((since - 1) / 1.0, 0.0, 1.0);
  }
  return 1;
}

std::vector<std::uint64_t> states_of(std::uint64_t offered, std::uint64_t finished) {
  const std::uint64_t open = offered - finished;
  std::vector<std::uint64_t> states = {open / 2, open / 3, open - open / 2 - open / 3};
  std::uint64_t rest = finished;
  for (const double share : {0.93, 0.03, 0.02, 0.015, 0.0049}) {
    const auto count = static_cast<std::uint64_t>(share * static_cast<double>(finished));
    states.push_back(count);
    rest -= count;
  }
  states.push_back(rest);
  return states;
}

Sample next_sample(const RunReport& report, const Sample& last, LatencyHistogram& latency,
                   Random& random) {
  const double well = health(last.t_s + tick_s, report.faults);
  const double noise = std::normal_distribution<double>(1, 0.06)(random);
  Sample sample;
  sample.t_s = last.t_s + tick_s;
  const auto rate = [&](double factor) {
    return static_cast<std::uint64_t>(std::max(0.0, pace * tick_s * factor * noise));
  };
  sample.offered = std::min(report.orders_offered, last.offered + rate(0.2 + 0.8 * well));
  const double backlog = static_cast<double>(sample.offered - last.finished);
  sample.finished =
      std::min(sample.offered, last.finished + rate(well * (backlog > 4000 ? 1.3 : 0.99)));
  LatencyHistogram interval;
  std::lognormal_distribution<double> draw(8.1 + backlog / 6000, 0.5);
  for (std::uint64_t i = last.finished; i < sample.finished; ++i)
    interval.record(static_cast<DurationUs>(draw(random)));
  latency.merge(interval);
  sample.p50_us = interval.percentile(0.5);
  sample.p99_us = interval.percentile(0.99);
  for (std::size_t i = 0; i < queue_names.size(); ++i) {
    const double share = std::exp(-0.8 * static_cast<double>(i)) * noise;
    sample.queue_depth.push_back(static_cast<std::uint64_t>(backlog * share));
  }
  sample.states = states_of(sample.offered, sample.finished);
  sample.rss_bytes = 60'000'000 + sample.offered * 900;
  return sample;
}

std::vector<Invariant> all_held() {
  return {{"I1 stock: 0 <= reserved <= on hand", true, ""},
          {"I2 stock is conserved per SKU", true, ""},
          {"I3 each reservation is confirmed or released, once", true, ""},
          {"I4 at most one capture per order", true, ""},
          {"I5 the invoice is the sum of its lines and freight", true, ""},
          {"I6 no shipment without a capture", true, ""},
          {"I12 one notification per order and status", true, ""}};
}

}  // namespace

RunReport synthetic_report(std::uint64_t seed, std::uint64_t orders) {
  Random random(seed);
  RunReport report;
  report.version = "0.1.0";
  report.seed = seed;
  report.orders_offered = report.orders_accounted = orders;
  report.invariants = all_held();
  report.faults = {{4.1, "kill", "node-1", 1.8}, {11.6, "pause", "node-1", 1.2}};
  report.queue_names = queue_names;
  report.state_names = state_names;
  Sample sample;
  sample.queue_depth.assign(queue_names.size(), 0);
  sample.states.assign(state_names.size(), 0);
  while (sample.finished < orders) {
    sample = next_sample(report, sample, report.latency, random);
    report.samples.push_back(sample);
  }
  for (std::size_t i = state_names.size(); i-- > 3;)
    report.states.emplace_back(state_names[i], sample.states[i]);
  std::reverse(report.states.begin(), report.states.end());
  for (const std::string& queue : queue_names)
    report.ledger.emplace_back(queue, queues::Ledger{orders, orders - 3, 2, 1, 17, 412});
  report.configuration = {{"orders", std::to_string(orders)},
                          {"arrival", "steady:6000"},
                          {"gateway-faults", "slow,fail,twice"},
                          {"crash", "2"}};
  report.duration_s = sample.t_s;
  report.throughput_per_s = static_cast<double>(orders) / sample.t_s;
  report.rss_peak_bytes = sample.rss_bytes;
  report.cpu_s = 27.45;
  return report;
}

RunReport synthetic_failure(std::uint64_t seed, std::uint64_t orders) {
  RunReport report = synthetic_report(seed, orders);
  report.invariants[3] = {"I4 at most one capture per order", false,
                          "order o-017 was captured twice: <charge 1>, <charge 2>"};
  report.lost = 2;
  report.orders_accounted -= 2;
  report.faults[1].recovered_after_s.reset();
  return report;
}

}  // namespace millrace::report
