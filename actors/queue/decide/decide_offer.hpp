// Decides attaches and offers of producers.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "actors/queue/decide/decision.hpp"
#include "actors/queue/state/keyed_offer.hpp"
#include "messages/result.hpp"

namespace millrace::queues {

/// Messages of one producer with consecutive sequence numbers.
struct Offer {
  std::string producer;
  std::uint64_t epoch = 0;
  std::uint64_t first = 0;  ///< number of the first message; >= 1
  std::vector<std::shared_ptr<const pb::Envelope>> messages;
};

/// Numbers up to `settled` are durable; those up to `taken` are durable or in flight, with this
/// decision's record; the rest was refused. settled <= taken, unless the offer was refused whole
struct OfferDecision {
  Decision decision;
  std::uint64_t settled = 0;
  std::uint64_t taken = 0;
  std::uint64_t duplicates = 0;  ///< numbers of this offer that were taken before
  std::optional<Error> refusal{};
};

/// Why offers may be refused, beside the state of the queue.
struct Room {
  bool storage_full = false;
  bool draining = false;
  bool log_unreachable = false;
};

/// Takes the new messages in order, up to the first that cannot be taken. Refuses with
/// `invalid_argument` (number 0), `fenced`, `unknown_producer`, `out_of_order`, `backlog_full`,
/// `storage_full`, `log_unreachable` or `draining`. A message whose idempotency key is known needs
/// no room.
[[nodiscard]] OfferDecision decide(const State& state, const Offer& offer, Room room,
                                   TimeUs now_us);

/// What the durable idempotency keys say of an offer that was not made yet. Counts a duplicate,
/// because its client gets the answer without an offer.
[[nodiscard]] KeyUse note_key_use(State& state, const KeyedOffer& offer, TimeUs now_us);

/// The refusal of one more message of `bytes`; nullopt: decide() would take it.
[[nodiscard]] std::optional<Error> refusal_of_offer(const State& state, Room room,
                                                    std::uint64_t bytes);

/// Begins a session, before the first offer and after each restart of a producer. An epoch above
/// the known one fences the older session.
struct AttachRequest {
  std::string producer;
  std::uint64_t epoch = 0;
  /// Last number that the producer knows to be settled here. An outbox that the queue has forgotten
  /// continues after it. 0: none.
  std::uint64_t base = 0;
  /// Of an outbox: the generations of its node that its data directory knows, oldest first; the last one
  /// begins the session. Empty: not an outbox, or of an older version.
  std::vector<OutboxGeneration> generations{};
  /// An operator has decided that the outbox goes on although this queue remembers more of it than
  /// its data directory does.
  bool accepts_loss = false;
};

/// Null record: the session is durable. Refused with
///   fenced            a session of a higher epoch has begun
///   unknown_producer  fewer numbers are settled than AttachRequest::base: this queue has lost what
///                     it had confirmed
///   outdated          the queue remembers a generation or numbers of the outbox that are not in
///                     AttachRequest::generations: the outbox's data directory is an older copy, and gives
///                     out numbers again that other messages have had
struct AttachDecision {
  Decision decision;
  /// Last sequence number of the producer, including records in flight.
  std::uint64_t last = 0;
  std::optional<Error> refusal{};
  /// The refusal says that this node's data directory is older than what an outbox remembers.
  bool is_outdated = false;
};

[[nodiscard]] AttachDecision decide(const State& state, const AttachRequest& request,
                                    TimeUs now_us);

}  // namespace millrace::queues
