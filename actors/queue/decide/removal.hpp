// What operators do with live messages: look at them, drop them, put dead letters back.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "actors/queue/decide/decision.hpp"
#include "actors/queue/state/page.hpp"

namespace millrace::queues {

/// Queues of one shard, by name, that dead letters may go back to.
using Origins = std::map<std::string, QueueNumber, std::less<>>;

/// Whether `letter` is a dead letter whose queue is known.
[[nodiscard]] bool is_redrivable(const pb::Envelope& letter, const Origins& origins);

/// Keeps the messages of `page` from being leased until their removal is durable: those that wait
/// or are not due, and whose key nobody holds. What somebody works on stays with him. Returns
/// leases of nobody, for the decisions below.
[[nodiscard]] std::vector<LeaseId> hold(State& state, std::span<const PageEntry> page,
                                        TimeUs now_us);

/// Drops what `leases` hold. Null record: they hold nothing.
[[nodiscard]] Decision decide_drop(const State& state, const std::vector<LeaseId>& leases,
                                   TimeUs now_us);

/// Drops the letters that `leases` hold here, and appends each to the queue that it came from, all
/// in one record. A letter keeps its id, key, payload, priority and birth; it has not failed, does
/// not expire, and tells how often it was put back. It goes behind what its queue holds by then,
/// also of its own key; letters of one key keep their order. `page` has the bodies of all that is
/// held, and `origins` knows their queues.
[[nodiscard]] Decision decide_redrive(const State& state, const std::vector<LeaseId>& leases,
                                      std::span<const PageEntry> page, const Origins& origins,
                                      TimeUs now_us);

}  // namespace millrace::queues
