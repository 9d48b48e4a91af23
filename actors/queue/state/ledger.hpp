// The ledger of a queue: what came in must have gone out, died, or still be there.
#pragma once

#include <cstdint>

namespace millrace::queues {

/// Durable counts of one queue of one shard, since its beginning. At any moment
/// `offered == acked + dead + dropped + queued()`, where queued() is the number of live messages.
struct Ledger {
  std::uint64_t offered = 0;      ///< messages appended, from wherever
  std::uint64_t acked = 0;        ///< done with effect
  std::uint64_t dead = 0;         ///< given up, now a dead letter elsewhere
  std::uint64_t dropped = 0;      ///< removed by an operator: redriven or purged
  std::uint64_t duplicates = 0;   ///< offers recognised as repeats and not appended
  std::uint64_t redelivered = 0;  ///< failures after which a message was queued again

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
