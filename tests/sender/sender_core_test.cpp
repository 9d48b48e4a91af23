// Promise: a sender offers each message in order and under one number until it is durable. Checked
// on the core, without actors and clock.
#include "actors/sender/core/sender_core.hpp"

#include <gtest/gtest.h>

namespace millrace::senders {
namespace {

class SenderCore : public ::testing::Test {
 protected:
  void push(int count) {
    for (int i = 0; i < count; ++i) {
      senders::push(stream_, std::make_shared<const pb::Envelope>());
    }
  }
  OfferBatch next() { return next_batch(stream_, limits_, 0, now_us_); }
  std::uint64_t answer(std::uint64_t settled, std::uint64_t taken = 0,
                       std::optional<Error> refusal = std::nullopt) {
    const auto result = on_answer(stream_, {settled, taken, std::move(refusal)}, limits_, now_us_);
    return result ? *result : ~std::uint64_t{0};
  }
  void attach(std::uint64_t last = 0) { ASSERT_TRUE(on_attached(stream_, last)); }

  Limits limits_{.window = 8, .batch_messages = 4};
  Stream stream_;
  TimeUs now_us_ = 1'000'000;
};

TEST_F(SenderCore, OffersNothingBeforeItIsAttached) {
  EXPECT_TRUE(next().messages.empty());
  attach();
  push(1);
  EXPECT_EQ(next().messages.size(), 1u);
}

TEST_F(SenderCore, NumbersContinueBehindThoseAnEarlierSessionSettled) {
  attach(41);
  push(1);
  EXPECT_EQ(next().first, 42u);
}

TEST_F(SenderCore, NeverHasMoreThanItsWindowUnconfirmed) {
  attach();
  push(20);
  EXPECT_EQ(next().messages.size(), 4u);
  EXPECT_EQ(next().messages.size(), 4u);
  EXPECT_TRUE(next().messages.empty());
  EXPECT_EQ(answer(4), 4u);
  EXPECT_EQ(next().first, 9u);
}

TEST_F(SenderCore, GathersWhileTwoOffersAreUnanswered) {
  attach();
  push(1);
  EXPECT_EQ(next().messages.size(), 1u);
  push(1);
  EXPECT_EQ(next().messages.size(), 1u);
  push(1);
  EXPECT_TRUE(next().messages.empty());
  push(1);
  EXPECT_EQ(answer(1), 1u);
  EXPECT_EQ(next().messages.size(), 2u);
}

TEST_F(SenderCore, AFullBatchIsOfferedAtOnce) {
  attach();
  push(1);
  EXPECT_EQ(next().messages.size(), 1u);
  push(1);
  EXPECT_EQ(next().messages.size(), 1u);
  push(4);
  EXPECT_EQ(next().messages.size(), 4u);
}

TEST_F(SenderCore, WithoutAnAnswerTheSameNumbersAreOfferedAgain) {
  attach();
  push(3);
  EXPECT_EQ(next().first, 1u);
  EXPECT_FALSE(resend_if_due(stream_, limits_, now_us_));
  now_us_ = stream_.resend_at_us;
  EXPECT_TRUE(resend_if_due(stream_, limits_, now_us_));
  const OfferBatch again = next();
  EXPECT_EQ(again.first, 1u);
  EXPECT_EQ(again.messages.size(), 3u);
}

TEST_F(SenderCore, TheResendTimeDoublesUpToItsLimitAndFallsBackWithAnAnswer) {
  attach();
  push(8);
  next();
  DurationUs before = 0;
  for (int i = 0; i < 10; ++i) {
    now_us_ = stream_.resend_at_us;
    ASSERT_TRUE(resend_if_due(stream_, limits_, now_us_));
    EXPECT_GE(stream_.resend_after_us, before);
    before = stream_.resend_after_us;
    next();
  }
  EXPECT_EQ(before, limits_.resend_max_us);
  EXPECT_EQ(answer(1), 1u);
  EXPECT_EQ(stream_.resend_after_us, limits_.resend_first_us);
}

TEST_F(SenderCore, ARefusedOfferWaitsForRoomAndGoesOnInOrder) {
  attach();
  push(4);
  next();
  EXPECT_EQ(answer(0, 2, Error{ErrorCode::backlog_full, ""}), 0u);
  EXPECT_TRUE(next().messages.empty());
  on_resume(stream_);
  EXPECT_EQ(next().first, 3u);
  EXPECT_EQ(answer(4), 4u);
}

TEST_F(SenderCore, OutOfOrderBehindARefusedOfferDoesNotEndTheWait) {
  attach();
  push(8);
  next();
  next();
  EXPECT_EQ(answer(0, 2, Error{ErrorCode::backlog_full, ""}), 0u);
  EXPECT_EQ(answer(0, 2, Error{ErrorCode::out_of_order, ""}), 0u);
  EXPECT_TRUE(next().messages.empty()) << "it would be refused again, and again";
  on_resume(stream_);
  EXPECT_EQ(next().first, 3u);
}

TEST_F(SenderCore, AGapIsFilledAtOnce) {
  attach();
  push(4);
  next();
  EXPECT_EQ(answer(0, 1, Error{ErrorCode::out_of_order, ""}), 0u);
  EXPECT_EQ(next().first, 2u);
}

TEST_F(SenderCore, AFencedSenderHasFailedForGood) {
  attach();
  push(1);
  next();
  const auto result =
      on_answer(stream_, {0, 0, Error{ErrorCode::fenced, "newer"}}, limits_, now_us_);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::fenced);
}

TEST_F(SenderCore, AfterAttachingAgainItOffersAllUnsettledMessages) {
  attach();
  push(2);
  next();
  ASSERT_TRUE(on_attached(stream_, 2));  // the queue has numbers up to 2, perhaps not durable
  EXPECT_EQ(next().first, 1u);
  EXPECT_EQ(answer(2), 2u) << "each is confirmed once, by an answer";
}

TEST_F(SenderCore, AQueueThatForgotSettledNumbersEndsTheSender) {
  attach();
  push(2);
  next();
  EXPECT_EQ(answer(2), 2u);
  const auto again = on_attached(stream_, 1);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, ErrorCode::unknown_producer);
}

}  // namespace
}  // namespace millrace::senders
