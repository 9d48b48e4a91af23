// The receiver of a stage with an async handler: it calls the handler with each message, and completes
// a lease when its outcome comes, without a thread that waits. It stands where spawn_receiver() has an
// actor with workers.
//
//     ClaimMessage ──▶ GrantMessage, ClaimedMessage ──▶ AsyncStage::begin ┄┄ outcome ┄┄▶ CompleteMessage
//          ▲                                                                                  │
//          └─────────────────────────── room for another handling ◀───────────────────────────┘
//
// It claims what it has room for, so that no message is leased to wait.
#pragma once

#include <caf/actor.hpp>
#include <caf/fwd.hpp>

#include "actors/receiver/shell/receiver_actor.hpp"

namespace millrace::receivers {

/// Starts the receiver, which makes StageOptions::workers handlers once it has a source. If the
/// constructor of one throws, it tries again after 100 ms; the delay doubles up to 30 s.
///
/// Handlers are called one after the other, on the actor's thread; at most StageOptions::in_progress
/// of each wait for their outcome. One that has none when its lease ends is logged and counted, and
/// its message has failed; its outcome is dropped. What waits when the queue drains or is to move is
/// waited for; no further message of its lease is begun. After an exit message nothing is waited for,
/// and all leases return.
[[nodiscard]] caf::actor spawn_async(caf::actor_system& system, ReceiverConfig config);

}  // namespace millrace::receivers
