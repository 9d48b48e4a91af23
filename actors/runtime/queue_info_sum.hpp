// The figures of a queue over its shards.
#pragma once

#include <cstdint>

#include "actors/queue/shell/queue_messages.hpp"
#include "actors/runtime/runtime.hpp"
#include "messages/result.hpp"

namespace millrace {

/// Adds what the queue of one shard has answered.
inline void add(const Result<queues::QueueStatus>& answer, std::uint32_t shard, QueueInfo& info) {
  if (!answer) {
    info.shards.push_back({shard, 0});
    ++info.unanswered;
    return;
  }
  const queues::QueueStatus& status = *answer;
  info.shards.push_back({shard, status.ledger.queued()});
  info.ledger += status.ledger;
  info.ledger.duplicates += status.duplicates;
  info.bytes += status.bytes;
  info.in_flight += status.in_flight;
  info.timers += status.timers;
  info.is_blocked = info.is_blocked || status.is_blocked;
  info.is_above_high_water = info.is_above_high_water || status.is_above_high_water;
  if (status.oldest_born_us != 0 &&
      (info.oldest_born_us == 0 || status.oldest_born_us < info.oldest_born_us)) {
    info.oldest_born_us = status.oldest_born_us;
  }
}

}  // namespace millrace
