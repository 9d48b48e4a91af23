// Receivers: who takes from a queue, and what each is handed. A part of the queue's shell.
#pragma once

#include <map>

#include <caf/actor_control_block.hpp>

#include "actors/queue/shell/queue_handle.hpp"

namespace millrace::queues {

class Receivers {
 public:
  /// Both outlive the receivers.
  Receivers(State& state, QueueHandle::pointer queue) : state_(&state), queue_(queue) {}

  void add(const SubscribeMessage& m);
  /// It has ended; false when nobody knew it.
  bool remove(ReceiverId id);
  /// Nobody takes from the queue any more, and how they end is not its business.
  void forget_all();
  [[nodiscard]] bool empty() const { return receivers_.empty(); }

  void hand_out(std::vector<Grant> grants);

 private:
  State* state_;
  QueueHandle::pointer queue_;
  std::map<ReceiverId, caf::strong_actor_ptr> receivers_;
};

}  // namespace millrace::queues
