// AuditReport: what the auditor found.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "actors/queue/state/ledger.hpp"

namespace millrace::orders::audit {

struct InvariantReport {
  std::string name;   ///< "I1" to "I12", "ledger", "readable"
  std::string title;  ///< what it says, for people
  bool held = true;
  std::uint64_t violations = 0;
  std::string first_violation{};
};

/// One queue, all its shards together.
struct LedgerReport {
  std::string queue;
  queues::Ledger ledger{};
  std::uint64_t queued = 0;  ///< live messages that were found
};

struct AuditReport {
  std::uint64_t seed = 0;
  std::vector<InvariantReport> invariants{};
  std::vector<LedgerReport> ledger{};             ///< by name of the queue
  std::map<std::string, std::uint64_t> states{};  ///< orders by status
  std::uint64_t attempted = 0;
  std::uint64_t ok = 0;
  std::uint64_t accounted = 0;   ///< attempted and now final or paused
  std::uint64_t lost = 0;        ///< ok, and not found
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
