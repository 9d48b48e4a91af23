// What a queue's actor is told and tells. Local to the node: see messages/caf_types.hpp.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "actors/base/shell/any_actor.hpp"
#include "actors/queue/decide/decide_complete.hpp"
#include "actors/queue/decide/decide_offer.hpp"
#include "actors/queue/decide/dispatch.hpp"
#include "actors/queue/decide/removal.hpp"
#include "actors/queue/shell/record_log.hpp"
#include "messages/caf_types.hpp"

namespace millrace::queues {

struct AttachMessage {
  AttachRequest request;
  /// Gets the AttachReply, and every OfferReply from now on. Offers of others as this producer are
  /// fenced, and so is the sender that was attached before.
  ActorAddress sender;
  /// It forwards an outbox, of another node or of this one, where messages can wait. While the
  /// queue is quiesced such are refused with `not_owner`.
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
  std::uint64_t taken = 0;    ///< numbers up to this are on their way; only with a refusal
  std::optional<Error> refusal;
};

/// To a sender that was refused for want of room: there is room again.
struct ResumeMessage {
  QueueNumber queue = 0;
};

/// Committed changes of one queue, in log order.
struct CommitMessage {
  std::shared_ptr<const std::vector<CommittedChange>> changes;
};

struct SubscribeMessage {
  ActorAddress receiver;
  std::uint32_t credit = 0;  ///< messages that it may hold at once
};

struct GrantMessage {
  QueueNumber queue = 0;
  std::shared_ptr<const std::vector<Grant>> grants;
};

/// The receiver gets credit for what it reports.
struct CompleteMessage {
  std::shared_ptr<Complete> complete;
};

/// The receiver works on this lease, and on nothing else.
struct BeginMessage {
  LeaseId lease = 0;
};

/// Leases in the hands of a receiver end not before `by_us` from now.
struct ExtendMessage {
  std::vector<LeaseId> leases;
  DurationUs by_us = 0;
};

/// From a queue downstream: above its high water, or below its low water again.
struct PressureMessage {
  bool on = false;
  bool in_cycle = false;  ///< it can be reached from there too: take no offers, but go on
};

struct ReadMessage {
  std::shared_ptr<const std::vector<WantedBody>> wanted;
  QueueNumber queue = 0;
  ActorAddress reply_to;
  bool compaction = false;  ///< to be written again, not to be dispatched; comes back in the answer
};

struct BodiesMessage {
  std::shared_ptr<const std::vector<std::pair<Sequence, Body>>> bodies;
  bool compaction = false;
};

/// Write again what is live in the segments before `before`. `done` is called, in the queue's
/// thread, when that is durable, or given up because the node stops. One at a time.
struct CompactMessage {
  journal::SegmentNumber before = 0;
  std::shared_ptr<std::function<void()>> done;
};

/// The queue to itself: the next step of a compaction, behind what came meanwhile.
struct CompactStepMessage {};

/// Asks for a snapshot of the state as it is when this message comes up: all changes up to `lsn`.
struct SnapshotMessage {
  journal::Lsn lsn = 0;
  std::shared_ptr<std::function<void(const State&)>> sink;
};

/// Take no offers, lease nothing more; answered when no outcome is under way any more. An outbox
/// goes on as long as somebody takes from it: answered when it is empty, or left alone and at rest.
struct DrainMessage {};

/// The shard is to be handed over to another node. From here on the queue leases nothing and fires
/// no timers. Answered when it is at rest: nothing is leased, and all that it decided before is
/// durable.
struct QuiesceMessage {
  /// It gets its boundary, too: from here on it takes offers of producers only, not of outboxes;
  /// they go on behind the boundary.
  bool seals = false;
};
struct QuiescedReply {
  QueueNumber queue = 0;
  Sequence last = 0;  ///< the boundary, where it is sealed: messages up to this are handed over
  std::uint64_t duplicates = 0;  ///< that were counted by then
  /// Serialized pb::SnapshotPart of all else: head, states and timers of keys, producers. None
  /// where it is not sealed.
  std::shared_ptr<const std::vector<std::string>> parts;
};

/// It is not handed over, and all goes on as before; or it was a copy, and is served from now on.
struct ServeMessage {};

/// A part of a copy that becomes this queue. `done` is called in the queue's thread: when the part
/// is durable, or with what is wrong with it; not at all when the copy is given up before.
struct InstallMessage {
  std::shared_ptr<const pb::Install> install;
  std::shared_ptr<std::function<void(Result<void>)>> done;
};

/// The copy is given up: no more parts are installed. `done` is called in the queue's thread; what
/// is proposed from then on is in the log behind all that the queue has proposed.
struct AbandonMessage {
  std::shared_ptr<std::function<void()>> done;
};

/// The queues that feed this one, or share a cycle with it, are others now.
struct RewiredMessage {};

/// The queue is no more, by the log: its actor ends, behind what it was asked for before.
struct RetireMessage {};

/// Answered when what the queue has now waits here for no other node: of an outbox, when it is
/// gone; of a quiesced queue, when it was handed over and is gone, or is not handed over; of any
/// other at once. With an error when the queue drains or ends.
struct FlushMessage {};
struct FlushedReply {
  QueueNumber queue = 0;
};

/// Asks for live messages: see page_of().
struct PageMessage {
  Sequence from = 0;
  std::size_t max = 0;
  /// For a copy of a quiesced queue: messages up to its boundary, few enough for one chunk.
  /// 0: just look.
  Sequence move_up_to = 0;
};
struct PageReply {
  std::shared_ptr<const Page> page;
  std::shared_ptr<const std::string> columns;  ///< of a copy: see MovedPage
};

/// Drops messages, or puts dead letters back; the bodies of those are given then. Answered when
/// that is durable. What is gone or in somebody's hands is left alone.
struct RemoveMessage {
  std::shared_ptr<const std::vector<PageEntry>> messages;
  bool redrive = false;
};
/// Refused with `draining`, or `storage_full` where more would be written.
struct RemoveReply {
  std::uint64_t removed = 0;
  std::optional<Error> refusal{};
};

struct TickMessage {
  TimeUs due_us = 0;
};

struct InspectMessage {
  std::uint64_t offer_bytes = 0;  ///< of a message that might be offered
};

struct QueueStatus {
  QueueNumber number = 0;
  Ledger ledger;
  std::uint64_t repeats = 0;
  std::uint64_t bytes = 0;
  std::uint32_t in_flight = 0;
  std::uint64_t timers = 0;
  bool is_blocked = false;
  bool is_above_high_water = false;
  TimeUs oldest_born_us = 0;       ///< birth of the first live message; 0: none, or not in memory
  std::optional<Error> refusal{};  ///< of a message of InspectMessage::offer_bytes now
};

/// Asks for the durable state of one key.
struct KeyMessage {
  std::string key;
};
struct KeyReply {
  std::shared_ptr<const KeyState> state;  ///< null: none
};

}  // namespace millrace::queues
