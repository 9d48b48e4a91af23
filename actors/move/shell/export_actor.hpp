// The exporter: cuts sealed queues into chunks for the target of a move, one page of messages at a
// time.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <caf/actor.hpp>
#include <caf/fwd.hpp>

#include "actors/queue/shell/queue_handle.hpp"
#include "actors/state_store/state_keeper.hpp"
#include "messages/record.pb.h"
#include "messages/result.hpp"

namespace millrace {

struct ExportConfig {
  /// A sealed queue, with the values of its QuiescedReply.
  struct Queue {
    queues::QueueHandle queue;
    pb::Declaration declaration;
    queues::Sequence last = 0;
    std::shared_ptr<const std::vector<std::string>> parts;  ///< the head first
  };

  std::vector<Queue> queues{};
  states::StateKeeper* states = nullptr;  ///< has the keys of the queues; null: `parts` have them
  caf::actor reader{};                    ///< answers ReadMessage; empty: queues keep all bodies
  /// Receives serialized pb::ShardChunk: queue after queue, its head first, then its messages in
  /// order, then its other parts, then its keys on disk. A chunk has at most 64 KiB of bodies, or one message. A failure
  /// ends the export and is passed to `done`.
  std::function<Result<void>(std::string chunk)> take{};
  bool own_thread = false;  ///< `take` may wait for a disk: not on a thread of the scheduler
  /// Called once: without an error when `take` has accepted the last chunk; with `draining` when
  /// the exporter, its reader or a queue ends, `corrupt` when the log lacks a message, `too_large`
  /// when a key does not fit into a chunk, or the failure of `take`.
  std::function<void(std::optional<Error>)> done{};
};

/// Starts an exporter, which calls both functions on its thread; they must not throw. It ends after
/// `done`, which end_actor() causes too.
caf::actor spawn_exporter(caf::actor_system& system, ExportConfig config);

}  // namespace millrace
