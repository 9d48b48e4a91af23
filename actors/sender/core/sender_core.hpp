// Numbers the messages of a producer, keeps them until they are durable, and offers them again.
//
//   push() ──▶ unsent ──next_batch()──▶ sent ──on_answer()──▶ settled
//                ▲                        │
//                └── refused, attached ───┘
//                    again, or no answer
//                    until resend_at_us
//
// A sender has one stream for each shard of the target queue, because each shard numbers the offers
// of a producer by itself. A number is offered until it is settled, always with the same message.
// Pure: times and random numbers are arguments.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actors/base/time.hpp"
#include "actors/sender/core/sender_limits.hpp"
#include "messages/envelope.pb.h"
#include "messages/result.hpp"

namespace millrace::senders {

/// The messages of one producer to one shard of one queue.
/// Invariant: settled <= sent <= last().
struct Stream {
  std::uint64_t settled = 0;         ///< numbers up to this are durable
  std::uint64_t sent = 0;            ///< numbers up to this need no offer now
  std::deque<std::uint64_t> offers;  ///< last number of each unanswered offer, ascending
  std::deque<std::shared_ptr<const pb::Envelope>> kept;  ///< the messages settled + 1 to last()
  bool is_started = false;         ///< was attached once, so `settled` is that of the queue
  bool is_attached = false;        ///< the queue answers this sender
  bool is_refused = false;         ///< no room: offers nothing until on_resume() or resend_at_us
  SteadyUs resend_at_us = 0;       ///< 0: no answer is awaited
  DurationUs resend_after_us = 0;  ///< the current wait; 0: none so far

  [[nodiscard]] std::uint64_t last() const { return settled + kept.size(); }
};

/// An offer: messages with the numbers first, first + 1, ...; empty: nothing to offer.
struct OfferBatch {
  std::uint64_t first = 0;
  std::vector<std::shared_ptr<const pb::Envelope>> messages;
};

/// An answer of the queue to an offer.
struct Answer {
  std::uint64_t settled = 0;  ///< numbers up to this are durable
  std::uint64_t taken = 0;    ///< with a refusal: numbers up to this are durable or in flight
  std::optional<Error> refusal{};
};

/// Appends a message; its number is last() afterwards.
void push(Stream& stream, std::shared_ptr<const pb::Envelope> message);

/// Returns the next offer and marks it sent. Empty if all is sent, the window is full, the stream
/// is not attached, or the queue has no room. `jitter`: random bits that vary the resend time.
[[nodiscard]] OfferBatch next_batch(Stream& stream, const Limits& limits, std::uint64_t jitter,
                                    SteadyUs now_us);

/// The queue has attached the producer and knows its numbers up to `last`. All that is not settled
/// will be offered again. The first time, numbering starts behind `last`, and `kept` must be empty.
/// Fails with `unknown_producer` if the queue lost numbers that it had settled: to go on would
/// repeat messages.
[[nodiscard]] Result<void> on_attached(Stream& stream, std::uint64_t last);

/// Applies an answer and returns how many messages it settled. Late and repeated answers are
/// harmless. Fails with the refusal if it ends the stream: `fenced` or `unknown_producer`.
[[nodiscard]] Result<std::uint64_t> on_answer(Stream& stream, const Answer& answer,
                                              const Limits& limits, SteadyUs now_us);

/// The queue has room again.
void on_resume(Stream& stream);

/// If no answer came until resend_at_us: makes all unsettled messages unsent, doubles the wait, and
/// returns true.
bool resend_if_due(Stream& stream, const Limits& limits, SteadyUs now_us);

}  // namespace millrace::senders
