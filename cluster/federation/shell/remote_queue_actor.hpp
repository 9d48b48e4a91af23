// Stands for a shard of a queue that another node serves: takes what a queue takes of a producer,
// sends it there, and hands the answers on. Keeps nothing that matters: what is lost with the link
// is asked for again by the forwarder.
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
  std::string node;  ///< that serves it
  transport::Transport* transport = nullptr;
};

/// Beside the messages of an OfferHandle it takes LinkMessage, WritableMessage, and the answers of
/// the queue: AttachReply, OfferReply, ResumeMessage.
[[nodiscard]] caf::actor spawn_remote_queue(caf::actor_system& system, RemoteQueueConfig config);

}  // namespace millrace::federation
