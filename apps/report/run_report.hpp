// RunReport: what one run of a simulation did and what its audit found, as plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "actors/base/latency_histogram.hpp"
#include "actors/base/time.hpp"
#include "actors/queue/state/ledger.hpp"

namespace millrace::report {

/// A promise that the audit looked at.
struct Invariant {
  std::string name;  ///< such as "I4 at most one capture per order"
  bool held = true;
  std::string first_violation;  ///< what broke it first; empty when it held
};

/// A fault that was inflicted on purpose.
struct Fault {
  double at_s = 0;                          ///< since the start of the run
  std::string kind;                         ///< such as "kill"
  std::string node;                         ///< which node it hit
  std::optional<double> recovered_after_s;  ///< until work went on; none: it never did
};

/// One look at the running system. Counts are since the start of the run.
struct Sample {
  double t_s = 0;              ///< since the start of the run
  std::uint64_t offered = 0;   ///< orders offered so far
  std::uint64_t finished = 0;  ///< orders in a final state so far
  DurationUs p50_us = 0;  ///< end to end, of the orders finished since the last sample; 0: none
  DurationUs p99_us = 0;  ///< likewise
  std::vector<std::uint64_t> queue_depth;  ///< messages, in the order of RunReport::queue_names
  std::vector<std::uint64_t> states;       ///< orders, in the order of RunReport::state_names
  std::uint64_t rss_bytes = 0;             ///< resident memory of all nodes
};

/// Everything that report.json and the HTML report show. Fields: docs/formats/report.md.
struct RunReport {
  std::string version;  ///< of the program
  std::string failure;  ///< why the run itself could not be finished; empty when it was
  std::uint64_t seed = 0;
  std::uint32_t nodes = 1;

  std::uint64_t orders_offered = 0;
  std::uint64_t orders_accounted = 0;    ///< found in a final state, or PAUSED
  std::uint64_t lost = 0;                ///< confirmed, and not found
  std::uint64_t unexpected = 0;          ///< found, and never offered
  std::uint64_t duplicated_effects = 0;  ///< effects that happened more than once
  std::uint64_t order_violations = 0;    ///< effects out of the order of their key

  std::vector<std::pair<std::string, std::uint64_t>> states;  ///< orders at rest, by state
  std::vector<Invariant> invariants;
  std::vector<std::pair<std::string, queues::Ledger>> ledger;      ///< by queue
  std::vector<Fault> faults;                                       ///< by time
  std::vector<std::pair<std::string, std::string>> configuration;  ///< option and value

  std::uint64_t shards_moved = 0;  ///< from node to node, by a fault of that kind

  double duration_s = 0;        ///< from the first offer to the last order at rest
  double throughput_per_s = 0;  ///< orders finished, over the time until 99 % of them were
  LatencyHistogram latency;     ///< offer to final state
  std::uint64_t rss_peak_bytes = 0;
  double cpu_s = 0;  ///< user and system time of all nodes

  std::vector<std::string> queue_names;  ///< what Sample::queue_depth holds
  std::vector<std::string> state_names;  ///< what Sample::states holds
  std::vector<Sample> samples;           ///< by time
};

/// Whether a queue's counts add up.
[[nodiscard]] bool balances(const queues::Ledger& ledger);

/// Whether the run came so far that an audit could look at it.
[[nodiscard]] bool was_audited(const RunReport& report);

/// Whether every invariant held that was looked at.
[[nodiscard]] bool held(const RunReport& report);

/// The verdict: the run was finished, every order is accounted for, nothing was lost or repeated,
/// every invariant held.
[[nodiscard]] bool passed(const RunReport& report);

/// The longest recovery; none without faults, or when a fault was not recovered from.
[[nodiscard]] std::optional<double> worst_recovery_s(const RunReport& report);

}  // namespace millrace::report
