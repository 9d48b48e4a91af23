// The quiescer: quiesces and seals the queues of a shard, so that the shard can move.
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
  /// All other queues and outboxes that the stages of the shard may append to. Their messages must
  /// reach their target before the shard moves, or later work at the new owner would overtake them.
  std::vector<queues::QueueHandle> ingresses;
  queues::RecordLog* log = nullptr;  ///< outlives the quiescer
  const Clock* clock = nullptr;      ///< outlives the quiescer
  std::chrono::milliseconds timeout{};
  /// Called once, on the quiescer's thread, with one reply per element of `queues`, in that order;
  /// or with `timeout`, or `draining` if the node stops. The queues stay quiesced in any case. Must
  /// not throw.
  std::function<void(Result<std::vector<queues::QuiescedReply>>)> done;
};

/// Starts a quiescer; it ends after `done`.
void spawn_quiescer(caf::actor_system& system, QuiescerConfig config);

}  // namespace millrace
