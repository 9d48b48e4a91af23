// RunReport: results of one simulation run and its audit, as plain values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "actors/base/latency_histogram.hpp"
#include "actors/base/time.hpp"
#include "actors/queue/state/ledger.hpp"

namespace millrace::report {

/// One invariant that the audit checked.
struct Invariant {
  std::string name;  ///< such as "I4 at most one capture per order"
  bool held = true;
  std::string first_violation;  ///< description of the first violation; empty if it held
};

/// One injected fault.
struct Fault {
  double at_s = 0;                          ///< since the start of the run
  std::string kind;                         ///< such as "kill"
  std::string node;                         ///< name of the affected node
  std::optional<double> recovered_after_s;  ///< until the work recovered; nullopt: it did not
  std::string note{};                       ///< what else happened; mostly empty
  /// From the death or the silence of a process until another one served in its place; nullopt: none did.
  std::optional<double> taken_over_after_s{};
  /// The log's servers were at fault meanwhile, so that the takeover may have waited for them.
  bool was_log_at_fault = false;
  /// Of a fault of the log's servers: the longest time without a confirmed record, on any node or, of a
  /// cut, on the node.
  std::optional<double> nothing_confirmed_s{};
};

/// Durations of one kind in a run, in seconds.
struct DurationSummary {
  std::size_t count = 0;
  double median_s = 0;  ///< of an even number: the higher one of the middle
  double max_s = 0;
};

/// One sample of the running system. Counts are since the start of the run.
struct Sample {
  double t_s = 0;              ///< since the start of the run
  std::uint64_t offered = 0;   ///< orders offered so far
  std::uint64_t finished = 0;  ///< orders in a final state so far
  DurationUs p50_us = 0;  ///< end to end, of the orders finished since the last sample; 0: none
  DurationUs p99_us = 0;  ///< as p50_us
  std::vector<std::uint64_t> queue_depth;  ///< messages, in the order of RunReport::queue_names
  std::vector<std::uint64_t> states;       ///< orders, in the order of RunReport::state_names
  std::uint64_t rss_bytes = 0;             ///< resident memory of all nodes
};

/// Everything that report.json and the HTML report show. Fields: docs/formats/report.md.
struct RunReport {
  std::string version;  ///< of the program
  std::string failure;  ///< reason why the run was not finished; empty if it was
  std::uint64_t seed = 0;
  std::uint32_t nodes = 1;

  std::uint64_t orders_offered = 0;
  std::uint64_t orders_accounted = 0;    ///< found in a final state, or PAUSED
  std::uint64_t lost = 0;                ///< confirmed, not found
  std::uint64_t unexpected = 0;          ///< found, never offered
  std::uint64_t duplicated_effects = 0;  ///< effects that happened more than once
  std::uint64_t order_violations = 0;    ///< effects not in the order of their key

  std::vector<std::pair<std::string, std::uint64_t>> states;  ///< orders at rest, by state
  std::vector<Invariant> invariants;
  std::vector<std::pair<std::string, queues::Ledger>> ledger;      ///< by queue
  std::vector<Fault> faults;                                       ///< by time
  std::vector<std::pair<std::string, std::string>> configuration;  ///< option and value

  std::uint64_t shards_moved = 0;  ///< by faults of kind move

  double duration_s = 0;        ///< from the first offer to the last order at rest
  double throughput_per_s = 0;  ///< orders finished, over the time until 99 % of them were
  LatencyHistogram latency;     ///< offer to final state
  std::uint64_t rss_peak_bytes = 0;
  double cpu_s = 0;  ///< user and system time of all nodes

  std::vector<std::string> queue_names;  ///< names for Sample::queue_depth
  std::vector<std::string> state_names;  ///< names for Sample::states
  std::vector<Sample> samples;           ///< by time
};

/// Returns whether the counts of a queue add up.
[[nodiscard]] bool balances(const queues::Ledger& ledger);

/// Returns whether the run got far enough to be audited.
[[nodiscard]] bool was_audited(const RunReport& report);

/// Returns whether every checked invariant held.
[[nodiscard]] bool held(const RunReport& report);

/// The verdict: the run was finished, every order is accounted for, none is lost, no effect is
/// duplicated, and every invariant held.
[[nodiscard]] bool passed(const RunReport& report);

/// Takeovers of processes that ended, or, if `was_silent`, were paused beyond their lease. Without those
/// that may have waited for the log's servers.
[[nodiscard]] DurationSummary takeovers(const RunReport& report, bool was_silent);

/// Times in which faults of the log's servers stopped all confirmations.
[[nodiscard]] DurationSummary log_outages(const RunReport& report);

/// The longest recovery, in seconds; nullopt without faults or if the work did not recover from
/// one.
[[nodiscard]] std::optional<double> worst_recovery_s(const RunReport& report);

}  // namespace millrace::report
