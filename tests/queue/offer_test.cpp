// Promise: an offer that is repeated is one message; refusals have the right code; records in
// flight count in every decision, but only durable messages are confirmed.
#include <gtest/gtest.h>

#include "messages/envelope.hpp"
#include "messages/hash.hpp"
#include "tests/queue/random/queue_world.hpp"
#include "tests/queue/work.hpp"

namespace millrace::queues {
namespace {

class QueueOffer : public ::testing::Test {
 protected:
  void attach(std::uint64_t epoch = 1) {
    ASSERT_FALSE(work.world.attach(1, {"p", epoch}).refusal);
    work.world.commit();
  }
  OfferDecision offer(std::uint64_t first, int count, std::uint64_t epoch = 1, Room room = {}) {
    Offer offer{"p", epoch, first, {}};
    for (int i = 0; i < count; ++i) offer.messages.push_back(message("k"));
    return work.world.offer(1, offer, room);
  }
  OfferDecision offer_keyed(std::uint64_t first, const std::string& idempotency_key) {
    auto envelope = std::make_shared<pb::Envelope>(*message("k"));
    envelope->set_idempotency_key(idempotency_key);
    return work.world.offer(1, {"p", 1, first, {envelope}});
  }
  static ErrorCode code(const OfferDecision& decided) {
    return decided.refusal ? decided.refusal->code : ErrorCode{0};
  }
  [[nodiscard]] std::uint64_t live() { return work.state().durable.index.size(); }

  Work work;
};

TEST_F(QueueOffer, IsQueuedOnceHoweverOftenItIsRepeated) {
  attach();
  EXPECT_EQ(offer(1, 3).taken, 3u);
  const OfferDecision pending = offer(1, 3);  // while the first record is in flight
  EXPECT_EQ(pending.duplicates, 3u);
  EXPECT_EQ(pending.settled, 0u);
  EXPECT_EQ(pending.decision.record, nullptr);
  EXPECT_EQ(work.world.in_flight(), 1u);
  work.world.commit();
  const OfferDecision repeated = offer(2, 3);  // two duplicates, one new message
  EXPECT_EQ(repeated.duplicates, 2u);
  EXPECT_EQ(repeated.settled, 3u);
  EXPECT_EQ(repeated.taken, 4u);
  work.world.commit();
  EXPECT_EQ(live(), 4u);
}

TEST_F(QueueOffer, OfNumberZeroIsInvalid) {
  attach();
  EXPECT_EQ(code(offer(0, 1)), ErrorCode::invalid_argument);
}

TEST_F(QueueOffer, OfAProducerThatNeverAttachedIsRefused) {
  EXPECT_EQ(code(offer(1, 1)), ErrorCode::unknown_producer);
  attach();
  EXPECT_EQ(code(offer(1, 1, 2)), ErrorCode::unknown_producer);
}

TEST_F(QueueOffer, AfterAGapIsRefusedWithTheExpectedNumber) {
  attach();
  offer(1, 2);
  const OfferDecision gap = offer(4, 1);
  EXPECT_EQ(code(gap), ErrorCode::out_of_order);
  EXPECT_EQ(gap.taken, 2u);
}

TEST_F(QueueOffer, OfAnOlderEpochIsFencedWhileTheNewerIsInFlight) {
  attach();
  offer(1, 2);
  const AttachDecision newer = work.world.attach(1, {"p", 2});
  EXPECT_EQ(newer.last, 2u) << "the new session goes on after what is on its way";
  EXPECT_EQ(code(offer(3, 1, 1)), ErrorCode::fenced);
  EXPECT_EQ(offer(3, 1, 2).taken, 3u);
  work.world.commit();
  EXPECT_EQ(work.state().durable.dedup.find("p")->epoch, 2u);
  EXPECT_EQ(code(offer(4, 1, 1)), ErrorCode::fenced);
  EXPECT_EQ(work.world.attach(1, {"p", 1}).refusal->code, ErrorCode::fenced);
}

TEST_F(QueueOffer, ASessionIsNotConfirmedBeforeItIsDurable) {
  work.world.attach(1, {"p", 1});
  work.world.attach(1, {"p", 1});
  EXPECT_EQ(work.world.in_flight(), 2u) << "the second waits for the log as the first does";
  work.world.commit();
  work.world.attach(1, {"p", 1});
  EXPECT_EQ(work.world.in_flight(), 0u);
}

TEST_F(QueueOffer, OfAProducerIdleForSevenDaysIsUnknownAndStartsAgainAtOne) {
  attach();
  offer(1, 5);
  work.world.commit();
  work.world.advance(work.state().limits.producer_idle_us);
  EXPECT_EQ(decide_forget(work.state(), work.world.now()).record, nullptr)
      << "not beyond the limit";
  work.world.advance(1);
  work.world.send(1, decide_forget(work.state(), work.world.now()));
  work.world.commit();
  EXPECT_EQ(code(offer(6, 1)), ErrorCode::unknown_producer);
  attach();
  EXPECT_EQ(offer(1, 2).taken, 2u) << "new work, not repeats of what was forgotten";
  work.world.commit();
  EXPECT_EQ(live(), 7u);
}

TEST_F(QueueOffer, InFlightKeepsItsProducerFromBeingForgotten) {
  attach();
  work.world.advance(work.state().limits.producer_idle_us + 1);
  offer(1, 1);
  EXPECT_EQ(decide_forget(work.state(), work.world.now()).record, nullptr);
}

TEST_F(QueueOffer, WithAKnownIdempotencyKeyAppendsNothing) {
  attach();
  offer_keyed(1, "order-7");
  EXPECT_EQ(offer_keyed(2, "order-7").taken, 2u) << "the first is on its way";
  work.world.commit();
  EXPECT_EQ(offer_keyed(3, "order-7").taken, 3u);
  work.world.commit();
  EXPECT_EQ(live(), 1u);
  EXPECT_EQ(work.state().durable.ledger.duplicates, 2u);
  work.world.crash();
  EXPECT_EQ(offer_keyed(4, "order-7").taken, 4u);
  work.world.commit();
  EXPECT_EQ(live(), 1u) << "idempotency keys survive a crash";
}

TEST_F(QueueOffer, WithAnIdempotencyKeyThatAnotherKeyUsedIsNew) {
  attach();
  offer_keyed(1, "order-7");
  auto envelope = std::make_shared<pb::Envelope>(*message("other"));
  envelope->set_idempotency_key("order-7");
  work.world.offer(1, {"p", 1, 2, {envelope}});
  work.world.commit();
  EXPECT_EQ(live(), 2u) << "an idempotency key holds for the messages of one key";
  EXPECT_EQ(work.state().durable.ledger.duplicates, 0u);
}

TEST_F(QueueOffer, IsToldFromAnotherPayloadUnderItsIdempotencyKey) {
  attach();
  const auto original = message("k");
  const KeyedOffer same{"k", "order-7", hash_payload(original->payload())};
  const KeyedOffer other{"k", "order-7", hash_payload("something else")};
  const auto repeat = [&](const KeyedOffer& offer) {
    return note_key_use(work.state(), offer, work.world.now());
  };
  EXPECT_EQ(repeat(same), KeyUse::none);
  offer_keyed(1, "order-7");
  EXPECT_EQ(repeat(same), KeyUse::none) << "the first is not durable yet";
  work.world.commit();
  EXPECT_EQ(repeat(same), KeyUse::duplicate);
  EXPECT_EQ(repeat(other), KeyUse::other);
  EXPECT_EQ(repeat({"other", "order-7", other.payload_hash}), KeyUse::none);
  EXPECT_EQ(work.state().live.duplicates, 1u);
  work.world.crash();
  EXPECT_EQ(repeat(other), KeyUse::other) << "payloads are remembered over a crash";
  work.world.advance(work.state().limits.idempotency_window_us + 1);
  EXPECT_EQ(repeat(other), KeyUse::none);
}

TEST_F(QueueOffer, OfAnyPayloadRepeatsAnIdempotencyKeyOfAnOlderVersion) {
  attach();
  // Older versions stored the key without scope and payload.
  work.state().durable.dedup.remember({hash_idempotency_key("order-7"), work.world.now(), 0});
  EXPECT_EQ(note_key_use(work.state(), {"k", "order-7", 1}, work.world.now()), KeyUse::duplicate);
  offer_keyed(1, "order-7");
  work.world.commit();
  EXPECT_EQ(live(), 0u);
}

TEST_F(QueueOffer, WithAnIdempotencyKeyPastItsWindowIsNew) {
  attach();
  offer_keyed(1, "order-7");
  work.world.commit();
  work.world.advance(work.state().limits.idempotency_window_us + 1);
  offer_keyed(2, "order-7");
  work.world.commit();
  EXPECT_EQ(live(), 2u);
}

TEST_F(QueueOffer, WithAnIdempotencyKeyIsKnownForTheWholeWindowAfterARestart) {
  const DurationUs day_us = 86'400'000'000;
  work.world.set_limits(1, {.idempotency_window_us = day_us});
  attach();
  offer_keyed(1, "order-7");
  work.world.commit();
  work.world.advance(day_us / 24);
  offer_keyed(2, "order-8");
  work.world.commit();
  const Checkpoint checkpoint = work.world.checkpoint();
  for (const Checkpoint* from : {static_cast<const Checkpoint*>(nullptr), &checkpoint}) {
    work.world.crash(from);
    const auto* used = work.state().durable.dedup.find_idempotency_key(
        hash_idempotency_key("order-7", "k"), work.world.now() - day_us);
    EXPECT_NE(used, nullptr);
  }
  offer_keyed(3, "order-7");
  work.world.commit();
  EXPECT_EQ(live(), 2u);
}

TEST_F(QueueOffer, RemembersNoMoreIdempotencyKeysThanItsLimit) {
  work.state().limits.idempotency_keys = 2;
  attach();
  for (std::uint64_t i = 1; i <= 3; ++i) offer_keyed(i, "order-" + std::to_string(i));
  work.world.commit();
  EXPECT_EQ(work.state().durable.dedup.idempotency_keys().size(), 2u);
  offer_keyed(4, "order-3");
  offer_keyed(5, "order-1");
  work.world.commit();
  EXPECT_EQ(live(), 4u) << "the oldest key was forgotten, the youngest was not";
}

TEST_F(QueueOffer, BeyondTheBacklogIsRefusedCountingMessagesInFlight) {
  work.state().limits.backlog_messages = 3;
  attach();
  offer(1, 2);
  const OfferDecision refused = offer(3, 3);
  EXPECT_EQ(code(refused), ErrorCode::backlog_full);
  EXPECT_EQ(refused.taken, 3u) << "what fits is taken";
  work.world.commit();
  EXPECT_EQ(code(offer(4, 1)), ErrorCode::backlog_full);
  EXPECT_EQ(live(), 3u);
  work.run_all();
  EXPECT_EQ(offer(4, 1).taken, 4u);
}

TEST_F(QueueOffer, BeyondTheBacklogBytesIsRefusedCountingBytesInFlight) {
  const std::uint64_t bytes = bytes_of(*message("k"));
  work.state().limits.backlog_bytes = 2 * bytes + 1;
  attach();
  offer(1, 1);
  EXPECT_EQ(offer(2, 2).taken, 2u);
  work.world.commit();
  EXPECT_EQ(code(offer(3, 1)), ErrorCode::backlog_full);
}

TEST_F(QueueOffer, WithAKnownIdempotencyKeyNeedsNoRoom) {
  work.state().limits.backlog_messages = 1;
  attach();
  offer_keyed(1, "order-7");
  work.world.commit();
  EXPECT_FALSE(offer_keyed(2, "order-7").refusal);
}

TEST_F(QueueOffer, IsRefusedWhileTheLogIsFullOrUnreachableOrTheNodeDrains) {
  attach();
  EXPECT_EQ(code(offer(1, 1, 1, {.storage_full = true})), ErrorCode::storage_full);
  EXPECT_EQ(code(offer(1, 1, 1, {.draining = true})), ErrorCode::draining);
  EXPECT_EQ(code(offer(1, 1, 1, {.log_unreachable = true})), ErrorCode::log_unreachable);
  EXPECT_EQ(work.world.in_flight(), 0u);
}

TEST_F(QueueOffer, OfAnEmptyMessageIsAMessage) {
  attach();
  work.world.offer(1, {"p", 1, 1, {std::make_shared<pb::Envelope>()}});
  work.world.commit();
  EXPECT_EQ(live(), 1u);
  EXPECT_EQ(work.run_all(), 1u);
}

}  // namespace
}  // namespace millrace::queues
