// The limits of a queue of one shard, each with its default and what happens when it is reached.
#pragma once

#include <cstddef>
#include <cstdint>

#include "actors/base/time.hpp"

namespace millrace::queues {

/// Bodies that a record of several messages gathers, at most; one message may be larger.
constexpr std::size_t record_bytes = 2u << 20;

struct Limits {
  std::uint64_t backlog_messages = 1'000'000;  ///< live messages; beyond: backlog_full
  std::uint64_t backlog_bytes = 4ull << 30;    ///< payload and key bytes; beyond: backlog_full
  std::uint32_t high_water_percent =
      80;                                ///< of the backlog; above, feeding queues stop dispatching
  std::uint32_t low_water_percent = 60;  ///< below, they go on
  std::uint32_t in_flight = 1'000;       ///< leased or settling; beyond, dispatch waits
  std::uint32_t run_messages = 32;       ///< consecutive messages of one key under one lease
  std::uint64_t run_bytes =
      4u << 20;                      ///< of payload and key in one lease; one message may be larger
  DurationUs lease_us = 30'000'000;  ///< a handler's time; beyond, the lease ends
  std::uint32_t failed_max = 5;      ///< more failures than this: dead
  std::uint32_t acquired_max = 100;  ///< more leases than this: dead
  DurationUs retry_first_us = 50'000;              ///< delay after the first failure, then doubling
  DurationUs retry_max_us = 60'000'000;            ///< up to this
  std::uint64_t body_cache_bytes = 16u << 20;      ///< bodies in memory; beyond, read when due
  std::uint32_t idempotency_keys = 1u << 20;       ///< idempotency keys remembered, oldest go first
  DurationUs idempotency_window_us = 600'000'000;  ///< how long one is remembered
  DurationUs producer_idle_us = 7ll * 86'400'000'000;  ///< then a producer is forgotten
};

/// The limits of a queue as those of an outbox: a run is what is on its way to the other node,
/// which may be away for long without a failure of any message.
[[nodiscard]] inline Limits as_outbox(Limits limits) {
  constexpr DurationUs ten_years_us = 315'360'000'000'000;
  limits.run_messages = limits.in_flight = 1'024;
  limits.lease_us = ten_years_us;
  return limits;
}

}  // namespace millrace::queues
