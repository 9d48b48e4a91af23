// The forwarder actor: leases messages of an outbox and offers them to a target: the queue actor if
// this node serves the shard, else the actor that stands for the queue of another node.
#pragma once

#include <functional>
#include <string>
#include <vector>

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

/// Another target serves the shard now: attach to it and offer all that is not settled.
struct RetargetMessage {
  queues::OfferHandle target;
};

/// Return the lease to the outbox and end.
struct GiveBackMessage {};

struct ForwarderConfig {
  std::string outbox;    ///< name of the outbox, for log lines
  std::string producer;  ///< producer name of the outbox at the target
  queues::QueueHandle source;
  queues::OfferHandle target;
  std::uint32_t credit = 1'024;  ///< messages of a lease, at most
  senders::Limits limits{};
  DurationUs patience_us = 1'000'000;  ///< of a drain, while the target settles nothing
  const Clock* clock = nullptr;        ///< not null; must outlive the actor
  std::vector<queues::OutboxGeneration> generations{};  ///< as queues::AttachRequest::generations
  bool accepts_loss = false;                            ///< as queues::AttachRequest::accepts_loss
  /// Called when the target refuses an attach with `outdated`. May be empty. Must not throw.
  std::function<void(const Error&)> on_outdated{};
};

/// Starts a forwarder. It ends, and its lease returns to the outbox, after an exit message or
/// GiveBackMessage. After DrainMessage it forwards as long as messages become durable at the
/// target, and ends when the link is down or the target settles nothing for `patience_us`.
[[nodiscard]] caf::actor spawn_forwarder(caf::actor_system& system, ForwarderConfig config);

}  // namespace millrace::forwarders
