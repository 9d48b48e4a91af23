// What a handler may do with its answer: give it once, late, from any thread, or never; and hear
// that nobody waits for it any more. No sockets.
#include "cluster/http/handler/responder.hpp"

#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace millrace::http {
namespace {

struct Received {
  std::vector<int> statuses{};
};

class Recorder final : public AnswerReceiver {
 public:
  explicit Recorder(Received& received) : received_(received) {}
  void receive(HttpResponse answer) override { received_.statuses.push_back(answer.status); }

 private:
  Received& received_;
};

HttpResponse with_status(int status) {
  HttpResponse response;
  response.status = status;
  return response;
}

class ResponderTest : public testing::Test {
 protected:
  Received received_;
  std::shared_ptr<ByteBudget> budget_ = std::make_shared<ByteBudget>(100);
  std::shared_ptr<PendingAnswer> pending_ = [this] {
    ByteCharge charge;
    EXPECT_TRUE(charge.take(budget_, 10));
    return std::make_shared<PendingAnswer>(std::make_unique<Recorder>(received_),
                                           std::move(charge));
  }();
};

TEST_F(ResponderTest, GivesTheFirstAnswerOnly) {
  ASSERT_TRUE(pending_->try_start());
  {
    const Responder responder(pending_);
    EXPECT_EQ(budget_->used(), 10u);
    EXPECT_TRUE(responder.complete(with_status(202)));
    EXPECT_EQ(budget_->used(), 0u);
    EXPECT_FALSE(responder.complete(with_status(400)));
  }
  EXPECT_EQ(received_.statuses, std::vector{202});
}

TEST_F(ResponderTest, AnswersFromAnotherThread) {
  std::thread([responder = Responder(pending_)] { responder.complete(with_status(200)); }).join();
  EXPECT_EQ(received_.statuses, std::vector{200});
}

TEST_F(ResponderTest, AnswersWith500OnceItIsForgotten) {
  {
    const Responder responder(pending_);
    const Responder copy = responder;  // NOLINT(performance-unnecessary-copy-initialization)
  }
  EXPECT_EQ(received_.statuses, std::vector{500});
}

TEST_F(ResponderTest, AnswersWithTheFallbackOnceItIsForgotten) {
  Responder(pending_).expect_by(SteadyTime() + std::chrono::hours(1), with_status(503));
  EXPECT_EQ(received_.statuses, std::vector{503});
}

TEST_F(ResponderTest, HearsOnceThatTheClientIsGone) {
  int calls = 0;
  const Responder responder(pending_);
  responder.on_abandoned([&] { ++calls; });
  pending_->abandon();
  pending_->abandon();
  EXPECT_EQ(calls, 1);
  EXPECT_FALSE(responder.complete(with_status(200)));
  EXPECT_EQ(budget_->used(), 10u) << "the handler still has the body";
  responder.on_abandoned([&] { ++calls; });
  EXPECT_EQ(calls, 2) << "set late, it is called at once";
}

TEST_F(ResponderTest, HearsThatTheFallbackWasGiven) {
  int calls = 0;
  const Responder responder(pending_);
  responder.on_abandoned([&] { ++calls; });
  responder.expect_by(SteadyTime() + std::chrono::seconds(2), with_status(204));
  pending_->expire(SteadyTime() + std::chrono::seconds(1));
  EXPECT_EQ(calls, 0);
  pending_->expire(SteadyTime() + std::chrono::seconds(2));
  pending_->expire(SteadyTime() + std::chrono::seconds(3));
  EXPECT_EQ(calls, 1);
  EXPECT_FALSE(responder.complete(with_status(200)));
  EXPECT_EQ(received_.statuses, std::vector{204});
}

TEST_F(ResponderTest, HearsNothingAfterItsOwnAnswer) {
  int calls = 0;
  const Responder responder(pending_);
  responder.complete(with_status(200));
  responder.on_abandoned([&] { ++calls; });
  pending_->abandon();
  EXPECT_EQ(calls, 0);
}

TEST_F(ResponderTest, MayStillAnswerAClientThatOnlyEndedItsSending) {
  int calls = 0;
  const Responder responder(pending_);
  responder.on_abandoned([&] { ++calls; });
  pending_->notify_gone();
  EXPECT_EQ(calls, 1);
  EXPECT_TRUE(responder.complete(with_status(200)));
}

TEST_F(ResponderTest, IsNotBegunForSomebodyWhoGotAnAnswer) {
  EXPECT_TRUE(pending_->complete_unstarted(with_status(503)));
  EXPECT_FALSE(pending_->try_start());
  EXPECT_EQ(received_.statuses, std::vector{503});
}

TEST_F(ResponderTest, IsNotAnsweredForOnceItIsBegun) {
  ASSERT_TRUE(pending_->try_start());
  EXPECT_FALSE(pending_->complete_unstarted(with_status(503)));
  EXPECT_TRUE(pending_->complete(with_status(200)));
}

}  // namespace
}  // namespace millrace::http
