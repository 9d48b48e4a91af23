// Promise: a queue and an outbox that remember different messages under one number do not go on
// without an operator's word: neither where the outbox's data directory is an older copy, nor where
// the queue's is. Restarts of either, however many, are no reason to stop.
#include <gtest/gtest.h>

#include "tests/queue/random/queue_world.hpp"
#include "tests/queue/work.hpp"

namespace millrace::queues {
namespace {

using Generations = std::vector<OutboxGeneration>;

class OutboxAttach : public ::testing::Test {
 protected:
  AttachDecision attach(Generations generations, std::uint64_t base, bool accepts_loss = false) {
    AttachDecision decided =
        work_.world.attach(1, {"out", 1, base, std::move(generations), accepts_loss});
    work_.world.commit();
    return decided;
  }
  static ErrorCode code(const AttachDecision& decided) {
    return decided.refusal ? decided.refusal->code : ErrorCode{0};
  }
  /// Offers the numbers from `first` on. Returns the number up to which the queue has taken them.
  std::uint64_t offer(std::uint64_t first, int count) {
    Offer offer{"out", 1, first, {}};
    for (int i = 0; i < count; ++i) offer.messages.push_back(message("k"));
    const OfferDecision decided = work_.world.offer(1, offer);
    work_.world.commit();
    return decided.taken;
  }
  [[nodiscard]] std::uint64_t live() { return work_.state().durable.index.size(); }

  Work work_;
};

TEST_F(OutboxAttach, GoesOnAfterRestartsWithAndWithoutASession) {
  ASSERT_EQ(code(attach({{1, 0}}, 0)), ErrorCode{0});
  ASSERT_EQ(offer(1, 6), 6u);
  EXPECT_EQ(code(attach({{1, 0}}, 3)), ErrorCode{0}) << "the link broke; some replies were lost";
  EXPECT_EQ(code(attach({{1, 0}, {2, 6}}, 6)), ErrorCode{0});
  EXPECT_EQ(code(attach({{1, 0}, {2, 6}, {3, 6}, {4, 9}, {5, 9}}, 6)), ErrorCode{0});
  EXPECT_EQ(offer(7, 3), 9u);
}

TEST_F(OutboxAttach, OfACopyThatHasGivenOutFewerNumbersIsRefused) {
  ASSERT_EQ(code(attach({{1, 0}}, 0)), ErrorCode{0});
  ASSERT_EQ(offer(1, 6), 6u);
  // The copy was made in generation 1, after message 3.
  const AttachDecision refused = attach({{1, 0}, {9, 3}}, 3);
  EXPECT_EQ(code(refused), ErrorCode::outdated);
  EXPECT_FALSE(refused.is_outdated) << "the outbox is, not this queue";
  EXPECT_EQ(code(attach({{1, 0}, {9, 3}, {10, 50}}, 3)), ErrorCode::outdated)
      << "also when new messages have passed the number";
}

TEST_F(OutboxAttach, OfACopyFromBeforeTheLatestGenerationIsRefused) {
  ASSERT_EQ(code(attach({{1, 0}}, 0)), ErrorCode{0});
  ASSERT_EQ(offer(1, 3), 3u);
  ASSERT_EQ(code(attach({{1, 0}, {2, 3}}, 3)), ErrorCode{0});
  ASSERT_EQ(offer(4, 3), 6u);
  EXPECT_EQ(code(attach({{1, 0}, {9, 3}}, 3)), ErrorCode::outdated);
  EXPECT_EQ(code(attach({{1, 0}, {9, 3}, {10, 8}}, 3)), ErrorCode::outdated);
}

TEST_F(OutboxAttach, OfACopyGoesOnWithItsNewMessagesOnceTheLossIsAccepted) {
  ASSERT_EQ(code(attach({{1, 0}}, 0)), ErrorCode{0});
  ASSERT_EQ(offer(1, 6), 6u);
  const AttachDecision accepted = attach({{1, 0}, {9, 4}}, 3, true);
  EXPECT_EQ(code(accepted), ErrorCode{0});
  EXPECT_EQ(accepted.last, 4u) << "message 4 was in the copy, so both have the same";
  EXPECT_EQ(offer(4, 4), 7u);
  EXPECT_EQ(live(), 6u + 3u);
  EXPECT_EQ(code(attach({{1, 0}, {9, 4}}, 7)), ErrorCode{0}) << "from now on without the word";
  EXPECT_EQ(work_.world.replayed().at(1)->durable.dedup.find("out")->last, 7u);
}

TEST_F(OutboxAttach, ToAQueueThatHasLostMessagesIsRefusedUnlessTheLossIsAccepted) {
  ASSERT_EQ(code(attach({{1, 0}}, 0)), ErrorCode{0});
  ASSERT_EQ(offer(1, 3), 3u);
  const AttachDecision refused = attach({{1, 0}}, 6);
  EXPECT_EQ(code(refused), ErrorCode::unknown_producer);
  EXPECT_TRUE(refused.is_outdated);
  EXPECT_EQ(code(attach({{1, 0}}, 6, true)), ErrorCode::unknown_producer)
      << "the word is that of the queue's node";
  work_.state().limits.accepts_loss = true;
  EXPECT_EQ(code(attach({{1, 0}}, 6)), ErrorCode{0});
  EXPECT_EQ(offer(7, 1), 7u);
}

TEST_F(OutboxAttach, ToAQueueThatHasLostAllIsRefused) {
  const AttachDecision refused = attach({{1, 0}}, 6);
  EXPECT_EQ(code(refused), ErrorCode::unknown_producer);
  EXPECT_TRUE(refused.is_outdated);
  EXPECT_EQ(code(attach({{1, 6}, {2, 6}}, 6)), ErrorCode{0})
      << "of an older version: the queue may have forgotten it";
}

TEST_F(OutboxAttach, ToAQueueThatBeganAnewIsAcceptedOnce) {
  pb::Declaration declaration = *work_.state().declaration;
  declaration.set_began_anew(true);
  ASSERT_TRUE(redeclare(work_.state(), declaration));
  declaration.set_began_anew(false);
  ASSERT_TRUE(redeclare(work_.state(), declaration)) << "of a program from before the field";
  const AttachDecision accepted = attach({{1, 0}}, 6);
  EXPECT_EQ(code(accepted), ErrorCode{0});
  EXPECT_EQ(accepted.last, 6u);
  EXPECT_EQ(offer(7, 1), 7u);
  EXPECT_EQ(code(attach({{1, 0}}, 9)), ErrorCode::unknown_producer)
      << "now it has met the outbox, so this is an older copy of it";
  EXPECT_EQ(code(attach({{2, 0}, {9, 0}}, 7)), ErrorCode::outdated) << "and here the outbox is";
}

TEST_F(OutboxAttach, IsRememberedHoweverLongItIsIdle) {
  ASSERT_EQ(code(attach({{1, 0}}, 0)), ErrorCode{0});
  ASSERT_EQ(offer(1, 3), 3u);
  EXPECT_TRUE(work_.state().durable.dedup.idle_since(std::int64_t{1} << 62).empty());
}

TEST_F(OutboxAttach, InFlightIsComparedToo) {
  const auto send = [&](Generations generations, std::uint64_t base) {
    return work_.world.attach(1, {"out", 1, base, std::move(generations)});
  };
  ASSERT_EQ(code(send({{1, 0}}, 0)), ErrorCode{0});
  EXPECT_EQ(code(send({{9, 0}}, 0)), ErrorCode::outdated);
  work_.world.commit();
}

}  // namespace
}  // namespace millrace::queues
