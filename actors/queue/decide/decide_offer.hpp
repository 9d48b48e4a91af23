// Decides on what producers ask: to be known, and to have messages queued.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "actors/queue/decide/decision.hpp"
#include "messages/result.hpp"

namespace millrace::queues {

/// Messages of one producer: sequence numbers from `first`, without gaps.
struct Offer {
  std::string producer;
  std::uint64_t epoch = 0;
  std::uint64_t first = 0;
  std::vector<std::shared_ptr<const pb::Envelope>> messages;
};

/// What became of an offer so far. Numbers up to `settled` are durable now; those up to `taken`
/// are, or will be when the decision's record commits; the rest was refused with `refusal`.
struct OfferDecision {
  Decision decision;
  std::uint64_t settled = 0;
  std::uint64_t taken = 0;
  std::uint64_t repeats = 0;  ///< numbers that were known already
  std::optional<Error> refusal{};
};

/// What the outside world allows at the moment.
struct Room {
  bool storage_full = false;
  bool draining = false;
};

/// Queues what is new, in order, up to the first message that cannot be taken. Refuses with
/// `invalid_argument` (number 0), `fenced`, `unknown_producer`, `out_of_order`, `backlog_full`,
/// `storage_full` or `draining`. A message whose idempotency key is known needs no room.
[[nodiscard]] OfferDecision decide(const State& state, const Offer& offer, Room room,
                                   TimeUs now_us);

/// What one more message of `bytes` would be refused with now, as decide() would.
[[nodiscard]] std::optional<Error> refusal_of_offer(const State& state, Room room,
                                                    std::uint64_t bytes);

/// A producer presents itself, before its first offer and after each restart. An epoch above the
/// known one fences the older session.
struct AttachRequest {
  std::string producer;
  std::uint64_t epoch = 0;
  /// Last number that the producer knows to be settled here, for one that does not start anew: an
  /// outbox that was idle for so long that it was forgotten goes on behind it. Else 0.
  std::uint64_t base = 0;
};

/// The decision's record is null when the session is known already. Refuses with `fenced`,
/// or with `unknown_producer` where fewer numbers are settled than the producer knows to be.
struct AttachDecision {
  Decision decision;
  /// Last sequence number of the producer, with what is on its way: a new session goes on after it.
  std::uint64_t last = 0;
  std::optional<Error> refusal{};
};

[[nodiscard]] AttachDecision decide(const State& state, const AttachRequest& request,
                                    TimeUs now_us);

}  // namespace millrace::queues
