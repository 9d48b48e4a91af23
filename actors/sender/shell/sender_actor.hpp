// The sender actor: offers a client's messages to the shards of one queue until they are durable.
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

/// The inbox is no longer empty.
struct WakeMessage {};

struct SenderConfig {
  std::string producer;     ///< name under which the queue numbers the messages
  std::uint64_t epoch = 1;  ///< fences senders of the same name with a lower epoch
  Limits limits{};
  std::vector<queues::QueueHandle> shards;   ///< the queue's actors, by shard
  std::vector<queues::QueueNumber> numbers;  ///< the queue's numbers, by shard; as long as shards
  const Clock* clock = nullptr;              ///< not null; must outlive the actor
};

/// Starts a sender that takes its messages from `inbox`. The actor ends when it gets an exit
/// message, or when a queue refuses the producer for good: then `inbox` and all confirmations fail
/// with that refusal, or with `draining`.
[[nodiscard]] caf::actor spawn_sender(caf::actor_system& system, SenderConfig config,
                                      std::shared_ptr<SenderInbox> inbox);

}  // namespace millrace::senders
