// ClusterReport: what a run of a ClusterTest found.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

namespace millrace {

/// Is true if nothing is wrong: EXPECT_TRUE(report) << report.
struct ClusterReport {
  std::uint64_t seed = 0;
  /// The first broken promise or invariant, in one line; empty: none.
  std::string violation{};
  std::vector<std::string> events{};  ///< the last ones before it, oldest first, a line each

  /// Digest of all records and faults, in order: equal for all runs of a seed, unless handlers, invariants or
  /// the test itself depend on something else, such as the time or the addresses of objects.
  std::uint64_t trace_hash = 0;
  /// Handlers that gave two outcomes for the same message, state and number of failures. Nothing is lost
  /// or repeated by that, but a failing seed may then give another run. A line each, the first ones.
  std::vector<std::string> differing{};

  std::uint64_t sent = 0;
  std::uint64_t handled = 0;  ///< messages, by all stages, with effect
  std::uint64_t dead = 0;     ///< messages that were given up
  /// Calls of handlers; those beyond `handled` and `dead` had no durable effect, or ended in a retry. 0 for
  /// stages whose handlers return Pending.
  std::uint64_t calls = 0;
  std::uint64_t crashes = 0;  ///< of nodes, however caused
  std::uint64_t moves = 0;    ///< shards that another node took
  std::uint64_t steps = 0;    ///< of wall clocks
  std::uint64_t virtual_ms = 0;

  explicit operator bool() const { return violation.empty(); }
};

/// Writes all of it for people, and how to run the seed again.
std::ostream& operator<<(std::ostream& out, const ClusterReport& report);

}  // namespace millrace
