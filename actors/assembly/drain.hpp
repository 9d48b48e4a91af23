// The drain of a node: from taking work to being at rest.
//
//   no offers, no leases ─▶ handlers in progress end ─▶ outboxes are flushed
//                                                       ─▶ what is left stays in them
#pragma once

#include <chrono>
#include <functional>

#include "actors/assembly/node_actors.hpp"
#include "actors/base/shell/any_actor.hpp"
#include "messages/result.hpp"

namespace millrace {

/// Ends when every queue is at rest: nothing leased, nothing on its way into the log. What could
/// not be brought to other nodes is in the outboxes then, and has not failed. A peer that takes it
/// gets up to three quarters of `timeout`; one that cannot be reached costs no time. Fails with
/// `timeout`. `await_delivery` returns when all queues have been told of what was durable when it
/// was called. For a thread that is not an actor's.
[[nodiscard]] Result<void> drain(ActorSystem& system, NodeActors& actors,
                                 const std::function<void()>& await_delivery,
                                 std::chrono::milliseconds timeout);

}  // namespace millrace
