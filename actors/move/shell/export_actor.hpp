// The exporter: cuts quiesced queues into chunks for the node that they are handed over to. Page by
// page, bodies read beside the writer, one page at a time.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <caf/actor.hpp>
#include <caf/fwd.hpp>

#include "actors/queue/shell/queue_handle.hpp"
#include "messages/record.pb.h"
#include "messages/result.hpp"

namespace millrace {

struct ExportConfig {
  /// A queue, and what it answered when it was quiesced.
  struct Queue {
    queues::QueueHandle queue;
    pb::Declaration declaration;
    queues::Sequence last = 0;
    std::shared_ptr<const std::vector<std::string>> parts;  ///< the head first
  };

  std::vector<Queue> queues{};
  caf::actor reader{};  ///< answers ReadMessage; invalid: queues keep all bodies
  /// Gets serialized pb::ShardChunk, in order: of each queue the head first. A chunk has 64 KiB of
  /// bodies, or one message. A failure ends the export.
  std::function<Result<void>(std::string chunk)> take{};
  /// Called once, without an error when all is taken; with `draining` when the exporter, its
  /// reader or a queue ends, with `corrupt` when the log lacks a message, or with what `take` said.
  std::function<void(std::optional<Error>)> done{};
};

/// Starts an exporter, on whose thread both functions are called. It ends when it is done, or told
/// to.
caf::actor spawn_exporter(caf::actor_system& system, ExportConfig config);

}  // namespace millrace
