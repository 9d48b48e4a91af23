#include "actors/sender/core/sender_core.hpp"

#include <algorithm>

#include "actors/base/assert.hpp"
#include "messages/envelope.hpp"

namespace millrace::senders {
namespace {

void wait_for_answer(Stream& stream, const Limits& limits, std::uint64_t jitter, TimeUs now_us) {
  if (stream.resend_after_us == 0) stream.resend_after_us = limits.resend_first_us;
  const auto percent = static_cast<DurationUs>(80 + jitter % 41);
  stream.resend_at_us = now_us + stream.resend_after_us * percent / 100;
}

}  // namespace

void push(Stream& stream, std::shared_ptr<const pb::Envelope> message) {
  stream.kept.push_back(std::move(message));
}

OfferBatch next_batch(Stream& stream, const Limits& limits, std::uint64_t jitter, TimeUs now_us) {
  OfferBatch batch;
  if (!stream.attached || stream.refused) return batch;
  const std::uint64_t end =
      std::max(stream.sent, std::min(stream.last(), stream.settled + limits.window));
  const bool fills_a_batch = end - stream.sent >= limits.batch_messages;
  if (stream.offers.size() >= limits.offers && !fills_a_batch) return batch;
  batch.first = stream.sent + 1;
  std::uint64_t bytes = 0;
  while (stream.sent < end && batch.messages.size() < limits.batch_messages) {
    const auto& message = stream.kept[stream.sent - stream.settled];
    bytes += bytes_of(*message);
    if (bytes > limits.batch_bytes && !batch.messages.empty()) break;
    batch.messages.push_back(message);
    ++stream.sent;
  }
  if (!batch.messages.empty()) stream.offers.push_back(stream.sent);
  if (!batch.messages.empty() && stream.resend_at_us == 0) {
    wait_for_answer(stream, limits, jitter, now_us);
  }
  return batch;
}

Result<void> attached(Stream& stream, std::uint64_t last) {
  if (last < stream.settled) {
    return Error{ErrorCode::unknown_producer,
                 "the queue settled " + std::to_string(stream.settled) +
                     " messages of this producer and remembers " + std::to_string(last)};
  }
  stream.attached = true;
  stream.refused = false;
  if (!stream.started) {
    // A new object of an old name goes on behind what its predecessor had settled.
    MILLRACE_ASSERT(stream.kept.empty());
    stream.settled = last;
    stream.started = true;
  }
  // What the queue counts may be on its way into the log only. So all is offered again, and the
  // answers tell what is durable.
  stream.sent = stream.settled;
  stream.offers.clear();
  stream.resend_at_us = 0;
  return {};
}

Result<std::uint64_t> answered(Stream& stream, const Answer& answer, const Limits& limits,
                               TimeUs now_us) {
  const std::uint64_t before = stream.settled;
  while (stream.settled < answer.settled && !stream.kept.empty()) {
    stream.kept.pop_front();
    ++stream.settled;
  }
  stream.sent = std::max(stream.sent, stream.settled);
  while (!stream.offers.empty() && stream.offers.front() <= stream.settled) {
    stream.offers.pop_front();
  }
  if (stream.settled > before) stream.resend_after_us = limits.resend_first_us;
  if (answer.refusal) {
    const ErrorCode code = answer.refusal->code;
    if (code == ErrorCode::fenced || code == ErrorCode::unknown_producer) return *answer.refusal;
    // Offers behind the refused one are refused as well; go on from it, in order.
    stream.sent = std::clamp(answer.taken, stream.settled, stream.last());
    stream.offers.clear();
    // A gap behind an offer that found no room says nothing of room: to go on at once would offer
    // the same in a circle.
    if (code != ErrorCode::out_of_order) stream.refused = true;
  }
  if (stream.sent == stream.settled && !stream.refused) {
    stream.resend_at_us = 0;
  } else if (stream.settled > before || stream.refused) {
    wait_for_answer(stream, limits, stream.settled, now_us);
  }
  return stream.settled - before;
}

void resumed(Stream& stream) {
  stream.refused = false;
}

bool resend_if_due(Stream& stream, const Limits& limits, TimeUs now_us) {
  if (stream.resend_at_us == 0 || now_us < stream.resend_at_us) return false;
  stream.sent = stream.settled;
  stream.offers.clear();
  stream.refused = false;
  stream.resend_after_us =
      std::min(std::max(stream.resend_after_us, limits.resend_first_us) * 2, limits.resend_max_us);
  stream.resend_at_us = 0;
  return true;
}

}  // namespace millrace::senders
