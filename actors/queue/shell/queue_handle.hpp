// Handles of a queue's actor: what it takes, and answers, is known to the compiler.
#pragma once

#include <caf/typed_actor.hpp>

#include "actors/queue/shell/queue_messages.hpp"
#include "actors/queue/shell/topic_messages.hpp"

namespace millrace::queues {

using QueueHandle = caf::typed_actor<
    caf::reacts_to<AttachMessage>, caf::reacts_to<OfferMessage>, caf::reacts_to<CommitMessage>,
    caf::reacts_to<SubscribeMessage>, caf::reacts_to<ClaimMessage>, caf::reacts_to<UnclaimMessage>,
    caf::reacts_to<CompleteMessage>, caf::reacts_to<ReleaseMessage>, caf::reacts_to<BeginMessage>,
    caf::reacts_to<LostMessage>, caf::reacts_to<ExtendMessage>, caf::reacts_to<PressureMessage>,
    caf::reacts_to<BodiesMessage>, caf::reacts_to<SnapshotMessage>, caf::reacts_to<CompactMessage>,
    caf::reacts_to<CompactStepMessage>, caf::replies_to<DrainMessage>::with<QueueStatus>,
    caf::replies_to<QuiesceMessage>::with<QuiescedReply>, caf::reacts_to<ServeMessage>,
    caf::reacts_to<InstallMessage>, caf::reacts_to<AbandonMessage>, caf::reacts_to<RewiredMessage>,
    caf::reacts_to<WakeMessage>, caf::reacts_to<RetireMessage>,
    caf::replies_to<FlushMessage>::with<FlushedReply>,
    caf::replies_to<PageMessage>::with<PageReply>,
    caf::replies_to<RemoveMessage>::with<RemoveReply>,
    caf::replies_to<PauseMessage>::with<PauseReply>,
    caf::replies_to<ExplainMessage>::with<ExplainReply>, caf::reacts_to<TickMessage>,
    caf::reacts_to<TaskMessage>, caf::replies_to<InspectMessage>::with<QueueStatus>,
    caf::replies_to<KeyMessage>::with<KeyReply>, caf::reacts_to<TopicMessage>>;

/// What a producer needs of a queue, wherever the queue is: here, or behind a link to another node.
using OfferHandle = caf::typed_actor<caf::reacts_to<AttachMessage>, caf::reacts_to<OfferMessage>>;

/// As a producer sees it: a queue, or an actor that takes what one takes of producers.
template <class Handle>
[[nodiscard]] OfferHandle as_offer_handle(const Handle& queue) {
  return caf::actor_cast<OfferHandle>(queue);
}

}  // namespace millrace::queues
