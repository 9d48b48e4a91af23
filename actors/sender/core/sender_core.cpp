#include "actors/sender/core/sender_core.hpp"

#include <algorithm>

#include "actors/base/assert.hpp"
#include "messages/envelope.hpp"

namespace millrace::senders {
namespace {

void wait_for_answer(Stream& stream, const Limits& limits, std::uint64_t jitter, SteadyUs now_us) {
  if (stream.resend_after_us == 0) stream.resend_after_us = limits.resend_first_us;
  const auto percent = static_cast<DurationUs>(80 + jitter % 41);
  stream.resend_at_us = now_us + stream.resend_after_us * percent / 100;
}

}  // namespace

void push(Stream& stream, std::shared_ptr<const pb::Envelope> message) {
  stream.kept.push_back(std::move(message));
}

OfferBatch next_batch(Stream& stream, const Limits& limits, std::uint64_t jitter, SteadyUs now_us) {
  OfferBatch batch;
  if (!stream.is_attached || stream.is_refused) return batch;
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

Result<void> on_attached(Stream& stream, std::uint64_t last) {
  if (last < stream.settled) {
    return Error{ErrorCode::unknown_producer,
                 "the queue settled " + std::to_string(stream.settled) +
                     " messages of this producer and remembers " + std::to_string(last)};
  }
  stream.is_attached = true;
  stream.is_refused = false;
  if (!stream.is_started) {
    // A new sender of a name continues behind the numbers that an earlier one had settled.
    MILLRACE_ASSERT(stream.kept.empty());
    stream.settled = last;
    stream.is_started = true;
  }
  // `last` may include records that are not durable yet. So all unsettled messages are offered
  // again, and only answers settle them.
  stream.sent = stream.settled;
  stream.offers.clear();
  stream.resend_at_us = 0;
  return {};
}

Result<std::uint64_t> on_answer(Stream& stream, const Answer& answer, const Limits& limits,
                                SteadyUs now_us) {
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
    // The queue also refuses the offers behind the refused one: continue from that one, in order.
    stream.sent = std::clamp(answer.taken, stream.settled, stream.last());
    stream.offers.clear();
    // out_of_order refuses an offer behind one that found no room. It does not mean that there is
    // room, so is_refused stays as it is; clearing it would offer the same messages in a circle.
    if (code != ErrorCode::out_of_order) stream.is_refused = true;
  }
  if (stream.sent == stream.settled && !stream.is_refused) {
    stream.resend_at_us = 0;
  } else if (stream.settled > before || stream.is_refused) {
    wait_for_answer(stream, limits, stream.settled, now_us);
  }
  return stream.settled - before;
}

void on_resume(Stream& stream) {
  stream.is_refused = false;
}

bool resend_if_due(Stream& stream, const Limits& limits, SteadyUs now_us) {
  if (stream.resend_at_us == 0 || now_us < stream.resend_at_us) return false;
  stream.sent = stream.settled;
  stream.offers.clear();
  stream.is_refused = false;
  stream.resend_after_us =
      std::min(std::max(stream.resend_after_us, limits.resend_first_us) * 2, limits.resend_max_us);
  stream.resend_at_us = 0;
  return true;
}

}  // namespace millrace::senders
