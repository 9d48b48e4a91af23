// The answerer: sends the answers of this node's queues to the node whose outboxes made the offers.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include <caf/fwd.hpp>

#include "actors/queue/shell/queue_messages.hpp"
#include "actors/sender/shell/forwarder_actor.hpp"
#include "cluster/federation/frames.hpp"
#include "cluster/transport/transport.hpp"

namespace millrace::federation {

/// Maps the local numbers of this node's queues, which appear in answers, to queue name and shard.
/// Thread-safe.
class TargetNames {
 public:
  void set(queues::QueueNumber number, const Target& target) {
    const std::lock_guard lock(mutex_);
    names_.try_emplace(number, target);
  }
  [[nodiscard]] Target of(queues::QueueNumber number) const {
    const std::lock_guard lock(mutex_);
    return names_.at(number);
  }

 private:
  mutable std::mutex mutex_;
  std::map<queues::QueueNumber, Target> names_;
};

struct AnswererConfig {
  std::string peer;
  std::shared_ptr<const TargetNames> names;  ///< must contain a queue before that queue answers
  transport::Transport* transport = nullptr;
};

/// Starts the actor of one peer. It handles LinkMessage, WritableMessage and, because it is the
/// sender of that peer's offers here, AttachReply, OfferReply and ResumeMessage.
[[nodiscard]] caf::actor spawn_answerer(caf::actor_system& system, AnswererConfig config);

}  // namespace millrace::federation
