// BodyReads: bodies that are read from the log because messages are to be leased. Part of the queue's shell; runs on
// its thread.
#pragma once

#include <utility>

#include <caf/actor.hpp>

#include "actors/queue/shell/queue_handle.hpp"

namespace millrace::queues {

class BodyReads {
 public:
  /// `state` and `queue` outlive it. `reader` answers ReadMessage; invalid: all bodies are in memory.
  BodyReads(State& state, caf::actor reader, QueueHandle::pointer queue)
      : state_(state), reader_(std::move(reader)), queue_(queue) {}

  /// Asks for the next bodies that dispatch needs, unless some are on their way.
  void request();
  /// They have come.
  void take(const BodiesMessage& m);

 private:
  State& state_;
  const caf::actor reader_;
  const QueueHandle::pointer queue_;
};

}  // namespace millrace::queues
