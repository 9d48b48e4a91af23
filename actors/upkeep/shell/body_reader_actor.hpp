// The body reader: reads bodies of messages from the log while others write it.
#pragma once

#include <functional>

#include <caf/actor.hpp>
#include <caf/fwd.hpp>

#include "actors/log/log.hpp"
#include "actors/queue/shell/queue_messages.hpp"

namespace millrace {

/// Starts the reader on a thread of its own, because reads block; it answers each ReadMessage with
/// a BodiesMessage. Its mailbox is bounded: each queue has at most one
/// ReadMessage in flight for each purpose, and each operator one. `failed` is called on the
/// reader's thread for each read that fails; no answer follows, so the node must stop. `log`
/// must outlive the reader.
[[nodiscard]] caf::actor spawn_body_reader(caf::actor_system& system, logs::Log& log,
                                           std::function<void(const Error&)> failed);

}  // namespace millrace
