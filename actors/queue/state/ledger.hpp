// Ledger: durable counts of a queue, which balance.
#pragma once

#include <cstdint>

namespace millrace::queues {

/// Counts since the queue was declared.
/// Invariant: offered == acked + dead + dropped + live messages
struct Ledger {
  std::uint64_t offered = 0;     ///< messages appended: by offers, outputs, timers, redrives
  std::uint64_t acked = 0;       ///< handled, with effect
  std::uint64_t dead = 0;        ///< given up; each is a dead letter elsewhere
  std::uint64_t dropped = 0;     ///< removed by an operator: redriven or purged
  std::uint64_t duplicates = 0;  ///< offers of known idempotency keys; not appended
  std::uint64_t redelivered =
      0;  ///< failures and postponements after which the message was retried

  /// Live messages.
  [[nodiscard]] std::uint64_t queued() const { return offered - acked - dead - dropped; }

  Ledger& operator+=(const Ledger& other) {
    offered += other.offered;
    acked += other.acked;
    dead += other.dead;
    dropped += other.dropped;
    duplicates += other.duplicates;
    redelivered += other.redelivered;
    return *this;
  }

  friend bool operator==(const Ledger&, const Ledger&) = default;
};

}  // namespace millrace::queues
