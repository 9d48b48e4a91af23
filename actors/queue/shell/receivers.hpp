// Receivers: the actors that lease from a queue. Part of the queue's shell; runs on its thread.
#pragma once

#include <map>
#include <set>
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
  /// Begins a claim, of a receiver that may be new.
  void claim(const ClaimMessage& m);
  /// Ends the claim of a receiver, if it has one.
  void unclaim(const UnclaimMessage& m);
  /// Removes a receiver that has ended. Returns whether it was subscribed; its leases stay.
  bool remove(ReceiverId id);
  /// Removes all receivers, and ends monitoring them.
  void clear();
  [[nodiscard]] bool empty() const { return receivers_.empty(); }

  /// Sends each receiver its grants. Grants for an unknown receiver are dropped.
  void send(std::vector<Grant> grants);
  /// Tells receivers that their claims have ended, or that something is ready.
  void send(const ClaimsEnded& ended);
  /// Tells the receivers that claim, and have claimed, to give back what they can.
  void recall();
  /// Tells a receiver what became of its outcomes, if it still runs.
  void send(ReceiverId receiver, OutcomesMessage outcomes);

 private:
  template <class M>
  void tell(ReceiverId receiver, M message) const;

  State& state_;
  QueueHandle::pointer queue_;
  std::map<ReceiverId, caf::strong_actor_ptr> receivers_;
  std::set<ReceiverId> claimers_;  ///< of receivers_, that have claimed
};

}  // namespace millrace::queues
