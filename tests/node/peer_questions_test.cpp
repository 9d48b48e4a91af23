// Promise: each peer that is asked has an answer or an error in its place, whatever it does. Checked with a node that asks
// itself, over the calls between nodes, without a network.
#include "cluster/node/peer_questions.hpp"

#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "actors/base/clock.hpp"
#include "messages/calls.pb.h"
#include "tests/http/fake_node_api.hpp"

namespace millrace::cluster {
namespace {

using calls::PeerCalls;
using http::PeerAnswer;
using http::PeerQuestion;

/// Has no links.
class NoLinks final : public transport::Transport {
 public:
  Result<void> start(transport::TransportListener&) override { return {}; }
  Result<void> stop() override { return {}; }
  Result<void> send(std::string_view, transport::Frame&&) override { return none_; }
  Result<void> reject(std::string_view, Error) override { return none_; }
  [[nodiscard]] Result<transport::LinkStatus> status(std::string_view) const override {
    return none_;
  }

 private:
  const Error none_{ErrorCode::unreachable, "there is no link"};
};

class PeerQuestionsTest : public testing::Test {
 protected:
  void SetUp() override {
    calls_.open([](std::function<void()>) {
      return [](SteadyUs) {
      };
    });
    api_.queue_list = {http::queue_called("in")};
    auto started = http::HttpService::start({}, api_);
    ASSERT_TRUE(started) << started.error().message;
    service_ = std::move(*started);
    questions_.serve(*service_);
  }
  void TearDown() override { calls_.stop(); }

  std::vector<Result<PeerAnswer>> ask(const std::vector<std::string>& peers,
                                      const PeerQuestion& question = {"GET", "/api/v1/queues", "",
                                                                      ""}) {
    return questions_.ask(peers, question, std::chrono::seconds(60));
  }

  NoLinks links_{};
  const SystemClock clock_{};
  http::FakeNodeApi api_{};
  std::unique_ptr<http::HttpService> service_{};
  PeerCalls calls_{"a", 1, links_, clock_};
  PeerQuestions questions_{calls_};
};

TEST_F(PeerQuestionsTest, AnswersStandInTheOrderOfThePeers) {
  const auto answers = ask({"none", "a", "none"});
  ASSERT_EQ(answers.size(), 3u);
  EXPECT_FALSE(answers[0]);
  ASSERT_TRUE(answers[1]) << answers[1].error().message;
  EXPECT_FALSE(answers[2]);
  EXPECT_EQ(answers[1]->status, 200);
  EXPECT_EQ(nlohmann::json::parse(answers[1]->body)["queues"][0]["queue"], "in");
  EXPECT_TRUE(ask({}).empty());
}

TEST_F(PeerQuestionsTest, CarriesBodyAndClient) {
  const auto answers = ask({"a"}, {"POST", "/api/v1/pause", R"({"queue": "in"})", "10.0.0.9"});
  ASSERT_TRUE(answers[0]) << answers[0].error().message;
  EXPECT_EQ(answers[0]->status, 200);
  ASSERT_EQ(api_.pause_requests.size(), 1u);
  EXPECT_EQ(api_.pause_requests[0].queue, "in");
  EXPECT_EQ(api_.pause_requests[0].command.by, "10.0.0.9");
}

TEST_F(PeerQuestionsTest, ARefusalIsAnAnswer) {
  const auto answers = ask({"a"}, {"GET", "/api/v1/queues/none", "", ""});
  ASSERT_TRUE(answers[0]);
  EXPECT_EQ(answers[0]->status, 404);
}

TEST_F(PeerQuestionsTest, APeerThatAnswersNonsenseOrNothingIsAnError) {
  calls_.serve("http", [](const auto&, const auto&, const PeerCalls::Answer& answer) {
    answer(std::string("\xff\xff"));
  });
  EXPECT_EQ(ask({"a"})[0].error().code, ErrorCode::protocol);
  calls_.serve("http", [](const auto&, const auto&, const PeerCalls::Answer&) {});
  EXPECT_EQ(ask({"a"})[0].error().code, ErrorCode::handler_failed);
}

TEST_F(PeerQuestionsTest, AQuestionThatDoesNotParseIsRefused) {
  Result<std::string> outcome = std::string();
  calls_.call("a", "http", "\xff\xff", std::chrono::seconds(60),
              [&](Result<std::string> got) { outcome = std::move(got); });
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, ErrorCode::protocol);
}

TEST_F(PeerQuestionsTest, ANodeThatStopsAsksNobody) {
  calls_.stop();
  EXPECT_EQ(ask({"a"})[0].error().code, ErrorCode::draining);
}

TEST_F(PeerQuestionsTest, AServiceThatHasStoppedLeavesNobodyWaiting) {
  service_->stop(std::chrono::milliseconds(100));
  const auto answers = ask({"a"});
  EXPECT_TRUE(!answers[0] || answers[0]->status >= 500);
}

}  // namespace
}  // namespace millrace::cluster
