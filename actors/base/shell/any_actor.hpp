// AnyActor: actors as code sees them that is none itself. See tell_actor.hpp for what it can do
// with them.
#pragma once

#include <caf/actor.hpp>
#include <caf/actor_control_block.hpp>
#include <caf/fwd.hpp>

namespace millrace {

/// Where actors live: it has their threads, and outlives them.
using ActorSystem = caf::actor_system;

/// Refers to an actor, and keeps it alive; empty: to none. What it takes is not known to the
/// compiler: see queues::QueueHandle for one where it is.
using AnyActor = caf::actor;

/// Refers to an actor as the sender of a message does: only for answers.
using ActorAddress = caf::strong_actor_ptr;

}  // namespace millrace
