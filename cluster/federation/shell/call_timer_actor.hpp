// The call timer: the actor that wakes PeerCalls when a call ends by its time.
#pragma once

#include <functional>

#include "actors/base/clock.hpp"
#include "actors/base/shell/actor_handle.hpp"
#include "cluster/calls/peer_calls.hpp"

namespace millrace::federation {

/// Starts the actor, which calls `on_time` on its thread; ends it when the last copy of the result is
/// destroyed. The result may be called on any thread. `clock` must outlive the actor.
[[nodiscard]] calls::PeerCalls::SetTimer spawn_call_timer(ActorSystem& system, const Clock& clock,
                                                          std::function<void()> on_time);

}  // namespace millrace::federation
