// Brings the queues of a shard to rest, so that the shard can go to another node.
#pragma once

#include <chrono>
#include <functional>
#include <vector>

#include <caf/fwd.hpp>

#include "actors/base/clock.hpp"
#include "actors/queue/shell/queue_handle.hpp"
#include "actors/queue/shell/record_log.hpp"
#include "messages/result.hpp"

namespace millrace {

struct QuiescerConfig {
  std::vector<queues::QueueHandle> queues;  ///< to be quiesced
  /// What the node's stages put messages into, but for these: outboxes for them too. What is in
  /// there has to be where it belongs first: later work on the shard, at another node, must not
  /// overtake it.
  std::vector<queues::QueueHandle> ingresses;
  queues::RecordLog* log = nullptr;  ///< outlives the quiescer
  const Clock* clock = nullptr;      ///< outlives the quiescer
  std::chrono::milliseconds timeout{};
  /// Called once, with an answer for each of `queues`; or with `timeout`, or `draining` where the
  /// node ends. They stay quiesced in any case.
  std::function<void(Result<std::vector<queues::QuiescedReply>>)> done;
};

void spawn_quiescer(caf::actor_system& system, QuiescerConfig config);

}  // namespace millrace
