// Receivers: the actors that lease from a queue. Part of the queue's shell; runs on its thread.
#pragma once

#include <map>
#include <vector>

#include <caf/actor_control_block.hpp>

#include "actors/queue/shell/queue_handle.hpp"

namespace millrace::queues {

/// Holds the same receivers as Volatile::receivers, with their addresses.
class Receivers {
 public:
  /// `state` and `queue` outlive this object.
  Receivers(State& state, QueueHandle::pointer queue) : state_(state), queue_(queue) {}

  /// Adds a receiver, or replaces its credit, and monitors it.
  void add(const SubscribeMessage& m);
  /// Removes a receiver that has ended. Returns whether it was subscribed; its leases stay.
  bool remove(ReceiverId id);
  /// Removes all receivers, and ends monitoring them.
  void clear();
  [[nodiscard]] bool empty() const { return receivers_.empty(); }

  /// Sends each receiver its grants. Grants for an unknown receiver are dropped.
  void send(std::vector<Grant> grants);

 private:
  State& state_;
  QueueHandle::pointer queue_;
  std::map<ReceiverId, caf::strong_actor_ptr> receivers_;
};

}  // namespace millrace::queues
