// Removal of live messages for operators: dropping them, and redriving dead letters.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "actors/queue/decide/decision.hpp"
#include "actors/queue/state/page.hpp"

namespace millrace::queues {

/// Queues of one shard, by name, to which dead letters may return.
using Origins = std::map<std::string, QueueNumber, std::less<>>;

/// Returns whether the message is a dead letter of a queue in `origins`.
[[nodiscard]] bool is_redrivable(const pb::Envelope& message, const Origins& origins);

/// Leases those messages of `page` that are neither leased nor settling, and whose key is not
/// leased, to `nobody`, so that no receiver gets them until their removal is durable.
[[nodiscard]] std::vector<LeaseId> hold(State& state, std::span<const PageEntry> page,
                                        SteadyUs now_us);

/// Drops the messages of `leases`. Null record: there are none.
[[nodiscard]] Decision decide_drop(const State& state, const std::vector<LeaseId>& leases,
                                   TimeUs now_us);

/// Drops the dead letters of `leases` here, and appends each to the queue that it came from, in one
/// record. The message keeps id, key, payload, priority and birth, has no failures, does not
/// expire, and counts how often it was redriven. It goes to the end of its queue and of its key;
/// dead letters of one key keep their order. REQUIRES: `page` has the bodies of all leased
/// messages, and `origins` their queues.
[[nodiscard]] Decision decide_redrive(const State& state, const std::vector<LeaseId>& leases,
                                      std::span<const PageEntry> page, const Origins& origins,
                                      TimeUs now_us);

}  // namespace millrace::queues
