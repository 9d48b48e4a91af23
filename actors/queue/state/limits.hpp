// The limits of a queue of one shard.
#pragma once

#include <cstddef>
#include <cstdint>

#include "actors/base/time.hpp"

namespace millrace::queues {

/// Bodies that one record of several messages carries at most; a single message may be larger.
constexpr std::size_t record_bytes = 2u << 20;

/// Of Limits::failed_max and acquired_max: no number of failures or leases makes a dead letter.
constexpr std::uint32_t no_limit = ~0u;

/// Each comment says what happens at the limit.
struct Limits {
  // Backlog.
  std::uint64_t backlog_messages = 1'000'000;  ///< live messages; beyond: backlog_full
  std::uint64_t backlog_bytes = 4ull << 30;    ///< payload and key bytes; beyond: backlog_full
  std::uint32_t high_water_percent = 80;  ///< of the backlog; above: upstream queues stop leasing
  std::uint32_t low_water_percent = 60;   ///< of the backlog; below: they go on
  std::uint64_t body_cache_bytes = 16u << 20;  ///< bodies in memory; beyond: read when due

  // Keyed state on disk.
  std::uint64_t state_cache_bytes = 8u << 20;  ///< resident keys; beyond: evicted once written
  DurationUs keep_state_us = 0;  ///< since the last change of a key; then it is forgotten; 0: never
  DurationUs keep_history_us = 0;  ///< since the last change; then its history is; 0: never

  /// How long a topic without an own retention keeps records that all groups have committed.
  DurationUs topic_retention_us = 7ll * 86'400'000'000;

  // Leases.
  std::uint32_t in_flight = 1'000;  ///< messages leased or settling; beyond: dispatch waits
  std::uint64_t in_flight_bytes =
      16u << 20;  ///< their payload and key bytes; at it: dispatch waits; one lease may go beyond
  std::uint32_t run_messages = 32;  ///< messages of one lease
  std::uint64_t run_bytes =
      4u << 20;  ///< payload and key bytes of one lease; one message may be larger
  DurationUs lease_us = 30'000'000;  ///< time of one lease; beyond: the lease expires

  // Failures.
  std::uint32_t failed_max = no_limit;    ///< failures of a message; beyond: dead letter
  std::uint32_t acquired_max = no_limit;  ///< leases of a message; beyond: dead letter
  std::uint32_t overran_max = 3;  ///< handlings beyond the lease of a message; then dead letter
  DurationUs retry_first_us = 100'000;   ///< delay after the first failure, then doubling
  DurationUs retry_max_us = 60'000'000;  ///< largest delay

  // Duplicates.
  std::uint32_t idempotency_keys = 1u << 20;           ///< remembered keys; beyond: the oldest go
  DurationUs idempotency_window_us = 600'000'000;      ///< how long a key is remembered
  DurationUs producer_idle_us = 7ll * 86'400'000'000;  ///< idle longer: the producer is forgotten
  /// An operator has decided to go on although outboxes of other nodes have had replies for
  /// messages that this queue does not have. False: their attaches are refused.
  bool accepts_loss = false;
};

/// The limits of a queue that becomes an outbox: a lease is what is in flight to the other node,
/// and does not expire while that node is away.
[[nodiscard]] inline Limits as_outbox(Limits limits) {
  constexpr DurationUs ten_years_us = 315'360'000'000'000;
  limits.run_messages = limits.in_flight = 1'024;
  limits.lease_us = ten_years_us;
  return limits;
}

}  // namespace millrace::queues
