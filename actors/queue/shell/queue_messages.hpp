// The messages of a queue's actor: commands and their replies. They stay within the node: see
// messages/caf_types.hpp. Callbacks in them are called once at most, on the queue's thread, and
// must not throw.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "actors/base/shell/actor_handle.hpp"
#include "actors/base/shell/tick_timer.hpp"
#include "actors/queue/decide/decide_complete.hpp"
#include "actors/queue/decide/decide_offer.hpp"
#include "actors/queue/decide/dispatch.hpp"
#include "actors/queue/decide/explain.hpp"
#include "actors/queue/decide/pausing.hpp"
#include "actors/queue/decide/queue_status.hpp"
#include "actors/queue/decide/removal.hpp"
#include "actors/queue/shell/record_log.hpp"
#include "messages/caf_types.hpp"

namespace millrace::queues {

// Producers.

struct AttachMessage {
  AttachRequest request;
  /// Gets the AttachReply and every later OfferReply. The sender that was attached before, and
  /// offers of other senders for this producer, are fenced.
  ActorAddress sender;
  /// The sender forwards an outbox, where messages can wait. A sealed queue and an outbox refuse it
  /// with `not_owner`.
  bool forwards = false;
};

struct AttachReply {
  QueueNumber queue = 0;
  std::uint64_t last = 0;  ///< last settled sequence number
  std::optional<Error> refusal;
};

struct OfferMessage {
  std::shared_ptr<const Offer> offer;
};

struct OfferReply {
  QueueNumber queue = 0;
  std::uint64_t settled = 0;  ///< numbers up to this are durable
  std::uint64_t taken = 0;    ///< numbers up to this are durable or in flight; only with a refusal
  std::optional<Error> refusal;
};

/// To a sender that was refused for lack of room: there is room again.
struct ResumeMessage {
  QueueNumber queue = 0;
};

// The log.

/// Committed changes of one queue, in log order.
struct CommitMessage {
  std::shared_ptr<const std::vector<CommittedChange>> changes;
};

/// What bodies are read for.
enum class BodiesFor : std::uint8_t { dispatch, compaction, topics };

/// Read bodies from the log, and reply with a BodiesMessage.
struct ReadMessage {
  std::shared_ptr<const std::vector<WantedBody>> wanted;
  QueueNumber queue = 0;
  ActorAddress reply_to;
  BodiesFor purpose = BodiesFor::dispatch;  ///< copied into the reply
};

/// The bodies that could be read. A body is missing if its segment was released meanwhile.
struct BodiesMessage {
  std::shared_ptr<const std::vector<std::pair<Sequence, Body>>> bodies;
  BodiesFor purpose = BodiesFor::dispatch;
};

/// Relocate the live messages of the segments before `before`. `done` is called when that is
/// durable, or when compaction stops because the queue drains or is quiesced. REQUIRES: the `done`
/// of the previous CompactMessage was called.
struct CompactMessage {
  logs::SegmentNumber before = 0;
  std::shared_ptr<std::function<void()>> done;
};

/// From the queue to itself: begin the next step of the compaction. Messages that arrived meanwhile
/// are handled first.
struct CompactStepMessage {};

/// Call `sink` with the state. By then it contains all changes of the queue up to `lsn`, because
/// they were sent before.
struct SnapshotMessage {
  logs::Lsn lsn = 0;
  std::shared_ptr<std::function<void(const State&)>> sink;
};

// Receivers.

struct SubscribeMessage {
  ActorAddress receiver;
  std::uint32_t credit = 0;  ///< messages that may be leased to the receiver at once
  /// The receiver forwards an outbox. An outbox ignores others: they run the stage of the queue that
  /// it was before a move.
  bool forwards = false;
};

/// To a receiver: new leases.
struct GrantMessage {
  QueueNumber queue = 0;
  std::shared_ptr<const std::vector<Grant>> grants;
};

/// Lease up to `max` messages to the receiver at once, and none that becomes ready later.
/// GrantMessages and one ClaimedMessage follow. The receiver has one claim at a time, and does not
/// subscribe.
struct ClaimMessage {
  ActorAddress receiver;
  std::uint32_t max = 0;    ///< at least 1
  DurationUs lease_us = 0;  ///< of the leases; 0: as the queue has it
};

/// End the receiver's claim, if it is still open: a ClaimedMessage follows then.
struct UnclaimMessage {
  ActorAddress receiver;
};

/// To a receiver: its claim has ended.
struct ClaimedMessage {
  QueueNumber queue = 0;
  bool has_more =
      false;  ///< it got all that it claimed. Else a ReadyMessage follows, once more is ready
};

/// To a receiver whose last claim got less than it asked for: something is ready now.
struct ReadyMessage {
  QueueNumber queue = 0;
};

/// Outcomes of leases. The receiver asks for as many messages as are in them, unless
/// LeaseOutcome::returned_demand.
struct CompleteMessage {
  std::shared_ptr<Complete> complete;
  bool wants_reply = false;  ///< of claimed leases: OutcomesMessages follow, and no demand is added
};

/// To a receiver: what became of outcomes that it has sent.
struct OutcomesMessage {
  QueueNumber queue = 0;
  std::vector<LeaseId> durable;
  std::vector<LeaseId> refused;  ///< the lease has ended, or an outcome of it was sent before
};

/// To receivers that claim: the node stops, or the queue is to move, as soon as nothing is leased.
struct RecallMessage {
  QueueNumber queue = 0;
};

/// Nobody has handled the messages of the leases: they are ready again, and have not failed.
struct ReleaseMessage {
  std::vector<LeaseId> leases;
};

/// The receiver handles this lease, and no other in the same call of the handler.
struct BeginMessage {
  LeaseId lease = 0;
  std::uint32_t demand = 0;  ///< messages that the receiver asks for in addition
};

/// The receiver has no outcome of the lease: the worker that handled it ended, or its handler runs
/// beyond the lease.
struct LostMessage {
  LeaseId lease = 0;
  bool is_alone = false;     ///< the worker handled no other lease at that time
  bool has_overrun = false;  ///< the handler still runs
  std::uint32_t demand = 0;  ///< messages that the receiver asks for in addition
};

/// Extends the leases to at least now + `by_us`. Leases that have ended are ignored.
struct ExtendMessage {
  std::vector<LeaseId> leases;
  DurationUs by_us = 0;
};

/// From a downstream queue: it is above its high water, or below its low water again.
struct PressureMessage {
  bool on = false;
  bool in_cycle = false;  ///< both are in a cycle: refuse offers, but continue to lease
};

/// The breaker of the stage may let more messages through than before.
struct WakeMessage {};

/// The queues that feed this queue, or share a cycle with it, have changed.
struct RewiredMessage {};

// Moves.

/// Lease nothing more and fire no timers: the shard is to move to another node. The reply follows
/// when nothing is leased and all records of the queue are committed.
struct QuiesceMessage {
  /// Also seal the queue: accept offers of this node's producers only, which stay behind the seal.
  bool seals = false;
};
struct QuiescedReply {
  QueueNumber queue = 0;
  Sequence last = 0;  ///< last message; of a sealed queue: the seal, the last message that moves
  std::uint64_t duplicates = 0;  ///< Ledger::duplicates at that moment
  /// Of a sealed queue: serialized pb::SnapshotPart of all but the messages. Otherwise empty.
  std::shared_ptr<const std::vector<std::string>> parts;
};

/// Serve again after a move that was given up, or serve a staged queue that is complete.
struct ServeMessage {};

/// Install a part of a moving queue in this staged queue. `done` gets success when the part is
/// durable, or why it cannot be installed; it is not called after an AbandonMessage.
struct InstallMessage {
  std::shared_ptr<const pb::Install> install;
  std::shared_ptr<std::function<void(Result<void>)>> done;
};

/// Install no further parts. Records that are proposed after `done` was called are behind all
/// records of the queue in the log.
struct AbandonMessage {
  std::shared_ptr<std::function<void()>> done;
};

/// The log says that the queue has ended: end its actor, after the messages before this one.
struct RetireMessage {};

/// The reply follows when the messages that the queue has now no longer wait here for another node:
/// for an outbox, when they are gone; for a sealed queue, when they are gone or the queue serves
/// again; for any other queue, at once. An error when the queue drains or ends first.
struct FlushMessage {};
struct FlushedReply {
  QueueNumber queue = 0;
};

// Operators.

/// Asks for live messages: see page_of() and page_to_move().
struct PageMessage {
  Sequence from = 0;
  std::size_t max = 0;
  /// Of a sealed queue: the seal; the page fits into one chunk of a move. 0: for an operator.
  Sequence move_up_to = 0;
};
struct PageReply {
  std::shared_ptr<const Page> page;
  std::shared_ptr<const std::string> columns;  ///< see MovedPage; null: for an operator
};

/// Drop messages, or redrive dead letters, whose bodies must be given. Messages that are gone,
/// leased or settling are left alone. The reply follows when the removal is durable.
struct RemoveMessage {
  std::shared_ptr<const std::vector<PageEntry>> messages;
  bool redrive = false;
};
/// Refused with `draining`, or for a redrive with `storage_full`.
struct RemoveReply {
  std::uint64_t removed = 0;
  std::optional<Error> refusal{};
};

/// Pause or resume the queue or a key of it. The reply follows when that is durable.
struct PauseMessage {
  std::shared_ptr<const PauseCommand> command;
};
struct PauseReply {
  std::optional<Error> refusal{};  ///< as decide_pause()
};

/// Asks for a QueueStatus.
struct InspectMessage {
  std::uint64_t offer_bytes =
      0;  ///< size of the message for which QueueStatus::refusal is computed
  std::shared_ptr<const KeyedOffer> offer{};  ///< for QueueStatus::key_use; null: not asked for
};

/// Asks why a message waits.
struct ExplainMessage {
  Sequence sequence = 0;
  MessageId id{};  ///< of the message that is meant
};
struct ExplainReply {
  std::vector<WaitReason>
      reasons{};  ///< as explain(); empty also where the number is of another one
};

/// Asks for the durable state of one key.
struct KeyMessage {
  std::string key;
};
struct KeyReply {
  std::shared_ptr<const KeyState> state;  ///< null: none
};

// The end of the node. The queue's time is a TickTimer.

/// Accept no offers and lease nothing more: the node stops. The reply follows when nothing is
/// leased and no record of the queue is in flight. An outbox goes on leasing, and also waits until
/// it is empty or has no receiver.
struct DrainMessage {};

}  // namespace millrace::queues
