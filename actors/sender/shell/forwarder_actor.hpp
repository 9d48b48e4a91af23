// The forwarder's shell: between the actor of an outbox and that of the queue it is for, or what
// stands for that queue here while another node serves it.
#pragma once

#include <string>

#include <caf/actor.hpp>
#include <caf/fwd.hpp>

#include "actors/base/clock.hpp"
#include "actors/queue/shell/queue_handle.hpp"
#include "actors/sender/core/sender_core.hpp"

namespace millrace::forwarders {

/// The link to the node that serves the target came up or went down. Sent to forwarders and to the
/// actors that stand for queues of another node.
struct LinkMessage {
  bool is_up = false;  ///< true: attach again. False: what was sent and not answered may be lost.
};

/// A link whose credit was used up accepts frames again. Sent as LinkMessage is.
struct WritableMessage {};

/// The outbox's shard is served elsewhere now: attach there, and offer all that is not settled.
struct RetargetMessage {
  queues::OfferHandle target;
};

/// Give back what is not settled, and end.
struct GiveBackMessage {};

struct ForwarderConfig {
  std::string outbox;    ///< its name, for the log
  std::string producer;  ///< what the target knows it by
  queues::QueueHandle source;
  queues::OfferHandle target;
  std::uint32_t credit = 1'024;  ///< messages of a run, at most
  senders::Limits limits{};
  DurationUs patience_us = 1'000'000;  ///< with a target that takes nothing while the node drains
  const Clock* clock = nullptr;
};

/// Starts a forwarder. It ends when it is told to; what it held returns to the outbox.
///
/// Told DrainMessage, it goes on only while messages become durable at the target: once that cannot
/// be reached, or takes nothing for `patience_us`, it gives back and ends.
[[nodiscard]] caf::actor spawn_forwarder(caf::actor_system& system, ForwarderConfig config);

}  // namespace millrace::forwarders
