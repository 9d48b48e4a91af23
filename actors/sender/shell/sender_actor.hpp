// The sender's shell: offers a client's messages to the shards of one queue until they are durable.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <caf/actor.hpp>
#include <caf/fwd.hpp>

#include "actors/base/clock.hpp"
#include "actors/queue/shell/queue_handle.hpp"
#include "actors/sender/core/sender_core.hpp"
#include "actors/sender/sender_inbox.hpp"

namespace millrace::senders {

/// The inbox inbox is no longer empty.
struct WakeMessage {};

struct SenderConfig {
  std::string producer;
  std::uint64_t epoch = 1;
  Limits limits{};
  std::vector<queues::QueueHandle> shards;   ///< the queue, by shard
  std::vector<queues::QueueNumber> numbers;  ///< likewise
  const Clock* clock = nullptr;
};

/// Starts a sender; `inbox` is shared with the client's side of it.
[[nodiscard]] caf::actor spawn_sender(caf::actor_system& system, SenderConfig config,
                                      std::shared_ptr<SenderInbox> inbox);

}  // namespace millrace::senders
