// What the gateway promises of a running node: an offer that was taken is durable, its key decides
// the shard, a repeat under its idempotency key adds nothing, and a full queue says so at once.
#include "cluster/http/runtime_api.hpp"

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include <google/protobuf/wrappers.pb.h>
#include <gtest/gtest.h>

#include "actors/pipeline/pipeline.hpp"
#include "cluster/http/server/http_server.hpp"
#include "messages/hash.hpp"
#include "tests/http/fake_cluster_view.hpp"
#include "tests/http/raw_client.hpp"
#include "tests/journal/temporary_directory.hpp"

namespace millrace::http {
namespace {

using google::protobuf::StringValue;

/// Keeps what it sees as its key's state; refuses "bad", and holds everything while told to.
struct Keep {
  std::shared_ptr<std::atomic<bool>> holding;
  Outcome<StringValue> operator()(const StringValue& in, Keyed<StringValue>& state) const {
    if (*holding) return Retry{"not yet", std::chrono::hours(1)};
    if (in.value() == "bad") return Reject{"as it says"};
    state.change() = in;
    return in;
  }
};

class RuntimeGateway : public testing::Test {
 protected:
  void start(queues::Limits limits = {}) {
    const auto in = queue<StringValue>("in").key_by(&StringValue::value);
    pipelines_ = {
        pipeline("test").from(in).then("keep", Keep{holding_}).to(queue<StringValue>("out"))};
    auto started =
        Runtime::start({.data_dir = directory_.path(), .shards = 2, .limits = limits}, pipelines_);
    ASSERT_TRUE(started) << started.error().message;
    runtime_ = std::move(*started);
    api_ = std::make_unique<RuntimeApi>(*runtime_, pipelines_, cluster_);
  }
  Result<Offered> offer(const std::string& json, const std::string& idempotency_key = "",
                        std::optional<std::string> key = {}) {
    return api_->offer(
        {.queue = "in", .json = json, .key = std::move(key), .idempotency_key = idempotency_key});
  }
  QueueInfo queue_info(const std::string& name) {
    for (QueueInfo& info : api_->queues()) {
      if (info.name == name) return std::move(info);
    }
    ADD_FAILURE() << "no queue " << name;
    return {};
  }
  void wait_until_acked(std::uint64_t count) {
    while (queue_info("in").ledger.acked < count) continue;
  }

  const journal::TemporaryDirectory directory_;
  std::shared_ptr<std::atomic<bool>> holding_ = std::make_shared<std::atomic<bool>>(false);
  FakeClusterView cluster_;
  std::vector<PipelineSpec> pipelines_;
  std::unique_ptr<Runtime> runtime_;
  std::unique_ptr<RuntimeApi> api_;
};

TEST_F(RuntimeGateway, MakesOffersDurableUnderTheKeyOfTheirQueue) {
  start();
  const auto offered = offer("\"apple\"");
  ASSERT_TRUE(offered) << offered.error().message;
  EXPECT_EQ(offered->key, "apple");
  EXPECT_EQ(offered->shard, shard_of("apple", 2));
  EXPECT_EQ(queue_info("in").ledger.offered, 1u);
  EXPECT_EQ(queue_info("in").type, "google.protobuf.StringValue");
  const auto other = offer("\"pear\"", "", "mine");
  ASSERT_TRUE(other);
  EXPECT_EQ(other->key, "mine");
  wait_until_acked(2);
  const auto state = api_->key("in", "mine");
  ASSERT_TRUE(state) << state.error().message;
  StringValue value;
  ASSERT_TRUE(value.ParseFromString(state->value));
  EXPECT_EQ(value.value(), "pear");
  EXPECT_EQ(api_->key("in", "nobody").error().code, ErrorCode::not_found);
  EXPECT_EQ(api_->key("none", "mine").error().code, ErrorCode::not_found);
}

TEST_F(RuntimeGateway, AddsNothingForARepeatUnderItsIdempotencyKey) {
  start();
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(offer("\"apple\"", "once"));
    // Without a key the idempotency key alone leads repeats to the same shard.
    ASSERT_TRUE(offer("\"pear\"", "also once", ""));
  }
  const QueueInfo info = queue_info("in");
  EXPECT_EQ(info.ledger.offered, 2u);
  EXPECT_EQ(info.ledger.duplicates, 6u);
}

TEST_F(RuntimeGateway, SaysWhatIsWrongWithAnOffer) {
  start();
  EXPECT_EQ(api_->offer({.queue = "none", .json = "1"}).error().code, ErrorCode::not_found);
  for (const char* wrong : {"", "{", "[1]", "{\"no\":1}", "'x'", "\"x\" 1"}) {
    const auto offered = offer(wrong);
    ASSERT_FALSE(offered) << wrong;
    EXPECT_EQ(offered.error().code, ErrorCode::invalid_argument) << wrong;
    EXPECT_EQ(offered.error().message.find("body: expected"), 0u) << offered.error().message;
  }
  EXPECT_EQ(offer(std::string(100'000, '[')).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(api_->offer({.queue = "in.dead", .json = "\"x\""}).error().code,
            ErrorCode::invalid_argument);
  EXPECT_EQ(queue_info("in").ledger.offered, 0u);
}

TEST_F(RuntimeGateway, SaysAtOnceThatAQueueIsFull) {
  *holding_ = true;
  queues::Limits limits;
  limits.backlog_messages = 3;
  start(limits);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(offer("\"x\"", "", "one key"));
  const auto refused = offer("\"x\"", "", "one key");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::backlog_full);
  EXPECT_EQ(queue_info("in").ledger.offered, 3u);
}

TEST_F(RuntimeGateway, ServesAWholeLifeOverHttp) {
  start();
  auto server = HttpServer::start({}, *api_);
  ASSERT_TRUE(server);
  const std::string address = (*server)->address();
  EXPECT_EQ(ask(address, post("/api/v1/queues/in/messages", "\"good\"")).status, 202);
  EXPECT_EQ(ask(address, post("/api/v1/queues/in/messages", "\"bad\"")).status, 202);
  while (queue_info("in.dead").ledger.queued() < 1) continue;
  const auto letters = ask(address, request("GET", "/api/v1/dlq/in.dead/messages")).json();
  ASSERT_EQ(letters["messages"].size(), 1u);
  EXPECT_EQ(letters["messages"][0]["payload"], "bad");
  EXPECT_EQ(letters["messages"][0]["code"], "rejected");
  const std::string id = letters["messages"][0]["id"];
  const std::string target = "/api/v1/dlq/in.dead/messages?id=";
  EXPECT_EQ(ask(address, request("DELETE", target + std::string(32, '0'))).json()["dropped"], 0);
  EXPECT_EQ(ask(address, request("DELETE", target + id)).json()["dropped"], 1);
  EXPECT_EQ(ask(address, request("GET", "/api/v1/queues/out/messages")).json()["messages"].size(),
            1u);
  EXPECT_EQ(ask(address, request("DELETE", "/api/v1/queues/out/messages")).json()["dropped"], 1);
  EXPECT_EQ(ask(address, post("/api/v1/queues/in/messages", "oops")).code(), "invalid_argument");
  const auto stages = api_->stages();
  ASSERT_EQ(stages.size(), 1u);
  EXPECT_EQ(stages[0].acked, 1u);
  EXPECT_EQ(stages[0].rejected, 1u);
  EXPECT_TRUE(stages[0].ends_pipeline);
  EXPECT_GT(stages[0].end_to_end.sum_us, 0u);
}

}  // namespace
}  // namespace millrace::http
