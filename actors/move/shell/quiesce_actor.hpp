// Brings the queues of a shard to rest, so that the shard can go to another node.
#pragma once

#include <chrono>
#include <functional>
#include <vector>

#include <caf/fwd.hpp>

#include "actors/queue/shell/queue_handle.hpp"
#include "messages/result.hpp"

namespace millrace {

struct FreezerConfig {
  std::vector<queues::QueueHandle> queues;  ///< to be frozen
  /// What the node's stages put messages into, but for these: outboxes for them too. What is in
  /// there has to be where it belongs first: later work on the shard, at another node, must not
  /// overtake it.
  std::vector<queues::QueueHandle> doors;
  /// Calls what it is given when all that is in the log by now has reached the queues.
  std::function<void(std::function<void()>)> barrier;
  std::chrono::milliseconds timeout{};
  /// Called once, with an answer for each of `queues`; or with `timeout`, or `draining` where the
  /// node ends. They stay frozen in any case.
  std::function<void(Result<std::vector<queues::FrozenReply>>)> done;
};

void spawn_freezer(caf::actor_system& system, FreezerConfig config);

}  // namespace millrace
