// The sender's core: numbers messages, keeps them until they are durable, and offers them again.
//
//   push ─▶ unsent ─offer─▶ sent ─settled─▶ gone
//              ▲              │ no answer in time, or refused
//              └──────────────┘
//
// One stream for each shard of the target queue: a queue counts the offers of a producer by itself.
// The same number is offered again until it is settled; a number is never given twice. Pure.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actors/base/time.hpp"
#include "messages/envelope.pb.h"
#include "messages/result.hpp"

namespace millrace::senders {

struct Limits {
  std::uint32_t window = 1'024;          ///< messages unconfirmed in one stream
  std::uint32_t batch_messages = 256;    ///< in one offer
  std::uint32_t batch_bytes = 1u << 20;  ///< in one offer
  /// Offers without an answer in one stream. Beyond, messages gather until a batch is full or an
  /// answer comes, so that batches grow with the load and no timer is needed.
  std::uint32_t offers = 2;
  DurationUs resend_first_us = 2'000'000;  ///< without an answer; doubles
  DurationUs resend_max_us = 30'000'000;
};

/// A stream of one producer to one queue of one shard.
struct Stream {
  std::uint64_t settled = 0;         ///< numbers up to this are durable
  std::uint64_t sent = 0;            ///< numbers up to this have been offered since the last resend
  std::deque<std::uint64_t> offers;  ///< last number of each offer without an answer
  std::deque<std::shared_ptr<const pb::Envelope>> kept;  ///< from settled + 1
  bool started = false;  ///< has been attached once: numbers may be given
  bool attached = false;
  bool refused = false;     ///< no room: waits for a resume, or for the resend time
  TimeUs resend_at_us = 0;  ///< 0: nothing is waited for
  DurationUs resend_after_us = 0;

  [[nodiscard]] std::uint64_t last() const { return settled + kept.size(); }
};

/// Messages to offer, from number `first`.
struct OfferBatch {
  std::uint64_t first = 0;
  std::vector<std::shared_ptr<const pb::Envelope>> messages;
};

/// What an answer means for the stream.
struct Answer {
  std::uint64_t settled = 0;  ///< as the queue says
  std::uint64_t taken = 0;    ///< only with a refusal: numbers that are on their way
  std::optional<Error> refusal{};
};

/// Adds a message; its number is `last()` afterwards.
void push(Stream& stream, std::shared_ptr<const pb::Envelope> message);

/// The next messages to offer, or none: all sent, not attached, or waiting for room. `jitter` holds
/// random bits for the resend time.
[[nodiscard]] OfferBatch next_batch(Stream& stream, const Limits& limits, std::uint64_t jitter,
                                    TimeUs now_us);

/// The queue knows the producer, up to number `last`. The first time, the stream starts behind it
/// and must hold no message yet. Fails with `unknown_producer` when the queue has forgotten numbers
/// that it once settled: to go on would repeat them.
[[nodiscard]] Result<void> attached(Stream& stream, std::uint64_t last);

/// Takes an answer; returns how many messages became durable by it. Fails with the refusal when
/// that is final for the stream: `fenced` or `unknown_producer`.
[[nodiscard]] Result<std::uint64_t> answered(Stream& stream, const Answer& answer,
                                             const Limits& limits, TimeUs now_us);

/// There is room again.
void resumed(Stream& stream);

/// Offers everything unsettled again if the time for it has come; true when it has.
bool resend_if_due(Stream& stream, const Limits& limits, TimeUs now_us);

}  // namespace millrace::senders
