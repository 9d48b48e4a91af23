// AuditReport: the result of an audit.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "actors/queue/state/ledger.hpp"

namespace millrace::orders::audit {

struct InvariantReport {
  std::string name;   ///< "I1" to "I12", "ledger", "readable"
  std::string title;  ///< readable statement of the invariant
  bool held = true;
  std::uint64_t violations = 0;
  std::string first_violation{};
};

/// Counts of one queue, summed over its shards.
struct LedgerReport {
  std::string queue;
  queues::Ledger ledger{};
  std::uint64_t queued = 0;  ///< live messages found
};

struct AuditReport {
  std::uint64_t seed = 0;
  std::vector<InvariantReport> invariants{};
  std::vector<LedgerReport> ledger{};             ///< by name of the queue
  std::map<std::string, std::uint64_t> states{};  ///< orders by status
  std::uint64_t attempted = 0;
  std::uint64_t ok = 0;
  std::uint64_t accounted = 0;   ///< attempted and now final or paused
  std::uint64_t lost = 0;        ///< confirmed, and not found
  std::uint64_t unexpected = 0;  ///< found, and never attempted
  std::uint64_t recovered = 0;   ///< found, though no offer of it was confirmed
  std::uint64_t duplicated_effects = 0;
  std::uint64_t order_violations = 0;

  /// Whether every invariant held.
  [[nodiscard]] bool passed() const {
    for (const InvariantReport& invariant : invariants) {
      if (!invariant.held) return false;
    }
    return true;
  }
};

}  // namespace millrace::orders::audit
