// A receiver that acks its leases only after they have expired, or never.
#pragma once

#include <chrono>
#include <functional>

#include <caf/fwd.hpp>

#include "actors/queue/shell/queue_handle.hpp"

namespace millrace {

/// Starts the receiver; it acks each lease after `late`, which must be longer than a lease. The
/// queue must ignore these acks. Returns a function that ends the receiver.
[[nodiscard]] std::function<void()> spawn_lazy_receiver(caf::actor_system& system,
                                                        const queues::QueueHandle& queue,
                                                        std::chrono::milliseconds late);

}  // namespace millrace
