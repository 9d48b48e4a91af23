// The remote queue actor: represents a shard of a queue that another node serves. Sends the offers
// of a forwarder to that node and returns the answers. Its state is volatile: after a link failure
// the forwarder attaches and offers again.
#pragma once

#include <memory>
#include <string>

#include <caf/fwd.hpp>

#include "actors/sender/shell/forwarder_actor.hpp"
#include "cluster/federation/frames.hpp"
#include "cluster/transport/transport.hpp"

namespace millrace::federation {

struct RemoteQueueConfig {
  Target target;
  std::string node;  ///< node that serves the shard
  transport::Transport* transport = nullptr;
};

/// Starts the actor. It handles the messages of an OfferHandle, LinkMessage, WritableMessage, and
/// the answers of the queue: AttachReply, OfferReply, ResumeMessage.
[[nodiscard]] caf::actor spawn_remote_queue(caf::actor_system& system, RemoteQueueConfig config);

}  // namespace millrace::federation
