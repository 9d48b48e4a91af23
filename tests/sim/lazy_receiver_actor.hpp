// A receiver that sits on what it leases until the lease is over, and then says that it is done.
#pragma once

#include <chrono>
#include <functional>

#include <caf/fwd.hpp>

#include "actors/queue/shell/queue_handle.hpp"

namespace millrace {

/// Says so `late` after each lease, which must be longer than the lease is: nothing of it may
/// count. Returns what ends it.
[[nodiscard]] std::function<void()> spawn_lazy_receiver(caf::actor_system& system,
                                                        const queues::QueueHandle& queue,
                                                        std::chrono::milliseconds late);

}  // namespace millrace
