#include <gtest/gtest.h>

#include "messages/envelope.hpp"
#include "tests/queue/random/random_driver.hpp"

namespace millrace::queues {
namespace {

/// What must become of an offer.
struct Expected {
  std::optional<ErrorCode> refusal{};
  std::uint64_t taken = 0;
  std::uint64_t duplicates = 0;
  std::vector<ModelMessage> accepted{};
};

/// An idempotency key holds for the messages of one key. Empty: the message has none.
std::string scope_of(const ModelMessage& message) {
  return message.idempotency_key.empty() ? "" : message.key + '/' + message.idempotency_key;
}

Expected judge(const ModelQueue& model, const Limits& limits, const Offer& offer,
               const std::vector<ModelMessage>& messages, Room room, TimeUs at) {
  const auto known = model.producer(offer.producer);
  if (!known || offer.epoch > known->epoch) return {.refusal = ErrorCode::unknown_producer};
  if (offer.epoch < known->epoch) return {.refusal = ErrorCode::fenced};
  Expected out{.taken = known->last};
  if (offer.first > known->last + 1) {
    out.refusal = ErrorCode::out_of_order;
    return out;
  }
  std::set<std::string> own;
  for (std::size_t i = known->last + 1 - offer.first; i < messages.size(); ++i) {
    const std::string idempotency_key = scope_of(messages[i]);
    if (room.draining || room.storage_full) {
      out.refusal = room.draining ? ErrorCode::draining : ErrorCode::storage_full;
      break;
    }
    const auto remembered = model.idempotency_keys.find(idempotency_key);
    const bool is_known =
        !idempotency_key.empty() &&
        (own.contains(idempotency_key) || model.coming_idempotency_keys.contains(idempotency_key) ||
         (remembered != model.idempotency_keys.end() &&
          remembered->second >= at - limits.idempotency_window_us));
    if (is_known) {
      ++out.duplicates;
    } else if (model.messages.size() + model.coming_messages + out.accepted.size() >=
               limits.backlog_messages) {
      out.refusal = ErrorCode::backlog_full;
      break;
    } else {
      out.accepted.push_back(messages[i]);
      own.insert(idempotency_key);
    }
    ++out.taken;
  }
  return out;
}

}  // namespace

void RandomDriver::attach() {
  const QueueNumber number = pick_queue();
  const std::string name = "p" + std::to_string(pick(3));
  ModelQueue& model = models_[number];
  const auto known = model.producer(name);
  AttachRequest request{name, known ? known->epoch : 1};
  if (chance(30)) ++request.epoch;
  if (chance(10) && request.epoch > 1) --request.epoch;

  const auto on_commit = [&model, request] {
    ModelProducer& producer = model.producers[request.producer];
    producer.epoch = std::max(producer.epoch, request.epoch);
  };
  const AttachDecision decided = world_->attach(number, request, on_commit);
  const bool is_fenced = known && request.epoch < known->epoch;
  ASSERT_EQ(decided.refusal.has_value(), is_fenced);
  if (is_fenced) {
    EXPECT_EQ(decided.refusal->code, ErrorCode::fenced);
    return;
  }
  EXPECT_EQ(decided.last, known ? known->last : 0) << "a new session starts after what is taken";
  model.coming_producers[name] = {request.epoch, known ? known->last : 0};
}

ModelMessage RandomDriver::make_message() {
  ModelMessage message;
  message.payload = "m" + std::to_string(++messages_made_);
  if (chance(80)) message.key = "k" + std::to_string(pick(5));
  if (chance(20)) message.priority = static_cast<int>(pick(10));
  if (chance(10)) {
    const auto delay_us = 1 + static_cast<DurationUs>(pick(400'000));
    message.not_before_us = world_->now() + delay_us;
    message.delay_us = delay_us;
  }
  if (chance(5)) message.expires_at_us = world_->now() + static_cast<TimeUs>(pick(3'000'000)) + 1;
  return message;
}

std::shared_ptr<const pb::Envelope> RandomDriver::to_envelope(const ModelMessage& message) {
  auto envelope = std::make_shared<pb::Envelope>();
  envelope->set_payload(message.payload);
  envelope->set_key(message.key);
  set_priority(*envelope, message.priority);
  envelope->set_not_before_us(message.not_before_us);
  envelope->set_delay_us(message.delay_us);
  envelope->set_expires_at_us(message.expires_at_us);
  envelope->set_idempotency_key(message.idempotency_key);
  if (message.payload.ends_with('7')) {
    pb::Header& header = *envelope->add_header();
    header.set_name("source");
    header.set_value(message.payload);
  }
  return envelope;
}

void RandomDriver::offer() {
  const QueueNumber number = pick_queue();
  const std::string name = "p" + std::to_string(pick(3));
  const auto known = models_[number].producer(name);
  Offer offer{name, known ? known->epoch : 1, known ? known->last + 1 : 1, {}};
  if (chance(10)) offer.epoch += chance(50) ? 1u : ~0ull;
  if (chance(20)) offer.first -= std::min(offer.first - 1, pick(4));
  if (chance(5)) offer.first += 1 + pick(3);

  std::vector<ModelMessage> messages;
  for (std::uint64_t i = 0, count = 1 + pick(6); i < count; ++i) {
    messages.push_back(make_message());
    if (chance(25)) messages.back().idempotency_key = "b" + std::to_string(pick(30));
    offer.messages.push_back(to_envelope(messages.back()));
  }
  const Room room{.storage_full = chance(2), .draining = chance(2)};
  expect_offer(number, offer, messages, room);
}

// Works out what must become of the offer, makes it, and compares.
void RandomDriver::expect_offer(QueueNumber number, const Offer& offer,
                                const std::vector<ModelMessage>& messages, Room room) {
  ModelQueue& model = models_[number];
  const auto known = model.producer(offer.producer);
  world_->look(number);
  const TimeUs at = world_->now() - world_->queue(number).live.stepping_us;
  const auto [refusal, taken, duplicates, accepted] =
      judge(model, world_->queue(number).limits, offer, messages, room, at);

  const std::uint64_t settled = known ? known->last : 0;
  const DurationUs window_us = world_->queue(number).limits.idempotency_window_us;
  const auto on_commit = [&model, window_us, accepted = accepted, duplicates = duplicates, offer,
                          taken = taken] {
    for (const ModelMessage& message : accepted) {
      model.append(message);
      if (message.idempotency_key.empty()) continue;
      model.coming_idempotency_keys.extract(scope_of(message));
      model.use_idempotency_key(scope_of(message), window_us);
    }
    model.coming_messages -= accepted.size();
    model.ledger.duplicates += duplicates;
    ModelProducer& producer = model.producers[offer.producer];
    producer = {std::max(producer.epoch, offer.epoch), taken};
  };
  const OfferDecision decided = world_->offer(number, offer, room, on_commit);
  ASSERT_EQ(decided.refusal.has_value(), refusal.has_value());
  if (refusal) {
    EXPECT_EQ(decided.refusal->code, *refusal);
  }
  ASSERT_EQ(decided.taken, taken);
  if (taken <= settled) return;
  model.coming_producers[offer.producer] = {known->epoch, taken};
  model.coming_messages += accepted.size();
  for (const ModelMessage& message : accepted) {
    if (!message.idempotency_key.empty()) model.coming_idempotency_keys.insert(scope_of(message));
  }
}

}  // namespace millrace::queues
