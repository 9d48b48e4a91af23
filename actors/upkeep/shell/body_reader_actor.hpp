// The body reader: brings bodies of messages back from the log, beside the writer.
#pragma once

#include <functional>

#include <caf/actor.hpp>
#include <caf/fwd.hpp>

#include "actors/journal/journal.hpp"
#include "actors/queue/shell/queue_messages.hpp"

namespace millrace {

/// Starts the reader on a thread of its own, as reads block. Each queue, and each operator, has at
/// most one ReadMessage under way, and one queue of the node a second one, small, for compaction.
/// `failed` is called when the log cannot be read; nothing can go on then.
[[nodiscard]] caf::actor spawn_body_reader(caf::actor_system& system, journal::Journal& journal,
                                           std::function<void(const Error&)> failed);

}  // namespace millrace
