// Makes one offer whose numbers a client gave, and ends. Between two offers nothing is kept but what the
// queue remembers of the producer, so that a client can go on at any node to which the queue moves.
//
//     attach ──▶ last known number ──▶ offer ──▶ durable, or refused ──▶ NumberedDone
#pragma once

#include <memory>

#include <caf/actor.hpp>
#include <caf/fwd.hpp>

#include "actors/queue/shell/queue_handle.hpp"
#include "actors/sender/numbered_offer.hpp"

namespace millrace::senders {

/// Starts the actor, which ends by itself within half a minute. The queue must serve its shard: while it is
/// sealed for a move, and once it is an outbox, the offer is refused with `not_owner`, because another
/// queue goes on with the producer's numbers. Other refusals: `fenced` (the producer has a higher epoch, or
/// a later offer of the same producer goes on), `out_of_order` (numbers before the first are missing), and
/// those of an offer for lack of room. REQUIRES: the offer has messages, and its first number is not 0.
caf::actor spawn_numbered(caf::actor_system& system, queues::QueueHandle queue,
                          std::shared_ptr<const queues::Offer> offer, NumberedDone done);

}  // namespace millrace::senders
