// What the gateway promises of a running node: an offer that was taken is durable, its key decides
// the shard, a repeat under its idempotency key adds nothing, and a full queue says so at once.
#include "cluster/http/service/runtime_api.hpp"

#include <atomic>
#include <filesystem>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include <google/protobuf/wrappers.pb.h>
#include <gtest/gtest.h>

#include "actors/pipeline/pipeline.hpp"
#include "cluster/http/service/http_service.hpp"
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
    if (leases_out_) {
      pipelines_.push_back(
          pipeline(receivers::leased_queues).from(queue<StringValue>("out")).then_external("out"));
    }
    auto started = Runtime::start({.data_dir = directory_.path(),
                                   .shards = 2,
                                   .start_paused = start_paused_,
                                   .limits = limits},
                                  pipelines_);
    ASSERT_TRUE(started) << started.error().message;
    runtime_ = std::move(*started);
    api_ = std::make_unique<RuntimeApi>(*runtime_, cluster_);
  }
  Result<Offered> offer(const std::string& json, const std::string& idempotency_key = "",
                        std::optional<std::string> key = {}) {
    return offer(
        {.queue = "in", .json = json, .key = std::move(key), .idempotency_key = idempotency_key});
  }
  /// Waits for the outcome.
  Result<Offered> offer(const OfferRequest& request) {
    std::promise<Result<Offered>> outcome;
    const auto taken =
        api_->offer(request, [&](const Result<Offered>& done) { outcome.set_value(done); });
    if (!taken) return taken.error();
    return outcome.get_future().get();
  }
  /// Waits for what became of messages that the client numbers from `first` on.
  NumberedResult offer_numbered(const std::vector<std::string>& jsons, std::uint64_t first,
                                std::uint64_t epoch = 1, const std::string& queue = "out") {
    NumberedOffers offers{.producer = "till-7", .epoch = epoch, .first = first};
    for (const std::string& json : jsons) offers.requests.push_back({.queue = queue, .json = json});
    std::promise<NumberedResult> outcome;
    auto refused = api_->offer_numbered(
        std::move(offers), [&](const NumberedResult& result) { outcome.set_value(result); });
    return refused ? *std::move(refused) : outcome.get_future().get();
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

  bool start_paused_ = false;
  bool leases_out_ = false;  ///< whether workers read the queue "out"
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
  const auto other = offer("\"pear\"", "", "pear");
  ASSERT_TRUE(other);
  EXPECT_EQ(other->key, "pear");
  wait_until_acked(2);
  const auto state = api_->key("in", "pear");
  ASSERT_TRUE(state) << state.error().message;
  StringValue value;
  ASSERT_TRUE(value.ParseFromString(state->value));
  EXPECT_EQ(value.value(), "pear");
  EXPECT_EQ(api_->key("in", "nobody").error().code, ErrorCode::not_found);
  EXPECT_EQ(api_->key("none", "pear").error().code, ErrorCode::not_found);
}

TEST_F(RuntimeGateway, PausesTheQueueThatAStageReads) {
  start();
  const auto paused = api_->pause({.stage = "test/keep", .command = {.reason = "why"}});
  ASSERT_TRUE(paused) << paused.error().message;
  ASSERT_EQ(paused->size(), 1u);
  EXPECT_EQ((*paused)[0].queue, "in");
  EXPECT_EQ((*paused)[0].shards, 2u);
  ASSERT_TRUE(offer("\"apple\""));
  ASSERT_TRUE(offer("\"pear\""));
  EXPECT_EQ(queue_info("in").paused.size(), 2u);
  EXPECT_EQ(queue_info("in").in_flight, 0u);
  EXPECT_EQ(queue_info("in").ledger.acked, 0u);
  ASSERT_TRUE(api_->pause({.queue = "in", .command = {.key = "pear"}}));
  ASSERT_TRUE(api_->pause({.pipeline = "test", .command = {.resumes = true}}));
  wait_until_acked(1);
  EXPECT_TRUE(api_->key("in", "apple"));
  EXPECT_FALSE(api_->key("in", "pear")) << "the key is paused still";
  ASSERT_TRUE(api_->pause({.queue = "in", .command = {.key = "pear", .resumes = true}}));
  wait_until_acked(2);
  for (const PauseRequest& nothing :
       {PauseRequest{.queue = "none"}, PauseRequest{.stage = "test"}, PauseRequest{.stage = "keep"},
        PauseRequest{.pipeline = "none"}, PauseRequest{.role = "none"}}) {
    const auto refused = api_->pause(nothing);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::not_found);
  }
}

TEST_F(RuntimeGateway, BeginsPausedWhereItIsToldTo) {
  start_paused_ = true;
  start();
  ASSERT_TRUE(offer("\"apple\""));
  EXPECT_EQ(queue_info("in").paused.size(), 2u);
  EXPECT_TRUE(queue_info("out").paused.empty()) << "no stage reads it";
  EXPECT_EQ(queue_info("in").ledger.acked, 0u);
  ASSERT_TRUE(api_->pause({.queue = "in", .command = {.resumes = true}}));
  wait_until_acked(1);
}

TEST_F(RuntimeGateway, BacksUpWhatItHasConfirmed) {
  *holding_ = true;
  start();
  ASSERT_TRUE(offer("\"apple\""));
  const journal::TemporaryDirectory place;
  const auto target = place.path() / "backup";
  const auto written = api_->back_up(target.string());
  ASSERT_TRUE(written) << written.error().message;
  EXPECT_GT(written->last_lsn, 0u);
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
  for (const auto& file : std::filesystem::recursive_directory_iterator(target)) {
    if (!file.is_regular_file() || file.path().filename() == "manifest") continue;
    ++files;
    bytes += file.file_size();
  }
  EXPECT_EQ(written->files, files);
  EXPECT_EQ(written->bytes, bytes);
  EXPECT_FALSE(api_->back_up(target.string())) << "it is not empty any more";
  EXPECT_EQ(api_->back_up("backup").error().code, ErrorCode::invalid_argument);
  EXPECT_FALSE(std::filesystem::exists("backup"));
}

TEST_F(RuntimeGateway, AddsNothingForARepeatUnderItsIdempotencyKey) {
  start();
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(offer("\"apple\"", "once"));
    // Without a key the idempotency key alone leads repeats to the same shard.
    ASSERT_TRUE(
        offer({.queue = "out", .json = "\"pear\"", .idempotency_key = std::string("also once")}));
  }
  EXPECT_EQ(queue_info("in").ledger.offered, 1u);
  EXPECT_EQ(queue_info("in").ledger.duplicates, 3u);
  EXPECT_EQ(queue_info("out").ledger.duplicates, 3u);
}

/// "d": a duplicate; "n": new; else the code of its refusal.
std::string told(const NumberedResult& result) {
  std::string text;
  for (const Result<Offered>& one : result.messages) {
    text += one ? (one->is_duplicate ? "d" : "n") : " " + std::string(to_string(one.error().code));
  }
  return text;
}

TEST_F(RuntimeGateway, TakesEachNumberOfAProducerOnce) {
  start();
  EXPECT_EQ(told(offer_numbered({"\"a\"", "\"b\"", "\"c\""}, 1)), "nnn");
  EXPECT_EQ(told(offer_numbered({"\"x\"", "\"y\"", "\"c\""}, 1)), "ddd") << "whatever its body";
  EXPECT_EQ(told(offer_numbered({"\"c\"", "\"d\""}, 3)), "dn");
  const auto gap = offer_numbered({"\"f\""}, 6);
  EXPECT_EQ(told(gap), " out_of_order");
  EXPECT_EQ(gap.known, 4u);
  EXPECT_EQ(told(offer_numbered({"\"e\""}, 5, 2)), "n") << "a higher epoch goes on";
  EXPECT_EQ(told(offer_numbered({"\"f\""}, 6, 1)), " fenced");
  // What is remembered is in the log.
  api_.reset();
  runtime_.reset();
  start();
  EXPECT_EQ(told(offer_numbered({"\"e\"", "\"f\""}, 5, 2)), "dn");
  EXPECT_EQ(told(offer_numbered({"\"g\""}, 7, 1)), " fenced");
  std::string queued;
  const auto messages = api_->peek("out", 100, {});
  ASSERT_TRUE(messages);
  for (const MessageView& message : *messages) {
    StringValue value;
    ASSERT_TRUE(value.ParseFromString(message.envelope.payload()));
    queued += value.value();
  }
  EXPECT_EQ(queued, "abcdef");
}

TEST_F(RuntimeGateway, TakesTheFirstNumbersThatHaveRoom) {
  start({.backlog_messages = 2});
  EXPECT_EQ(told(offer_numbered({"\"a\"", "\"b\"", "\"c\"", "\"d\""}, 1)),
            "nn backlog_full backlog_full");
  EXPECT_EQ(told(offer_numbered({"\"b\"", "\"c\""}, 2)), "d backlog_full");
  ASSERT_TRUE(api_->drop("out", {}, 2));
  EXPECT_EQ(told(offer_numbered({"\"b\"", "\"c\"", "\"d\""}, 2)), "dnn");
}

TEST_F(RuntimeGateway, RefusesNumberedMessagesThatAreNotOfOneShard) {
  start();
  std::string other = "a";
  while (shard_of(other, 2) == shard_of("apple", 2)) other += "a";
  const auto two = offer_numbered({"\"apple\"", '"' + other + '"'}, 1, 1, "in");
  EXPECT_EQ(told(two), " invalid_argument invalid_argument");
  EXPECT_NE(two.messages[0].error().message.find("message 2: expected messages of one shard"),
            std::string::npos);
  EXPECT_EQ(told(offer_numbered({"\"apple\"", "1"}, 1, 1, "in")),
            " invalid_argument invalid_argument");
  EXPECT_EQ(told(offer_numbered({"\"apple\""}, 1, 1, "none")), " not_found");
  EXPECT_EQ(told(offer_numbered({"\"apple\""}, 1, 1, "in.dead")), " invalid_argument");
  EXPECT_EQ(queue_info("in").ledger.offered, 0u);
  // Each shard has numbers of its own.
  EXPECT_EQ(told(offer_numbered({"\"apple\""}, 1, 1, "in")), "n");
  EXPECT_EQ(told(offer_numbered({'"' + other + '"'}, 1, 1, "in")), "n");
  cluster_.owner_of_shard_1.clear();
  const std::string of_shard_1 = shard_of("apple", 2) == 1 ? "apple" : other;
  EXPECT_EQ(told(offer_numbered({'"' + of_shard_1 + '"'}, 2, 1, "in")), " unreachable");
}

TEST_F(RuntimeGateway, LetsTheLaterOfTwoOffersOfAProducerGoOn) {
  start();
  std::vector<std::promise<std::string>> outcomes(20);
  std::vector<std::future<std::string>> answers;
  for (auto& outcome : outcomes) {
    answers.push_back(outcome.get_future());
    NumberedOffers offers{.producer = "till-7"};
    for (const char* json : {"\"a\"", "\"b\""}) {
      offers.requests.push_back({.queue = "out", .json = json});
    }
    const auto refused = api_->offer_numbered(
        std::move(offers),
        [&outcome](const NumberedResult& result) { outcome.set_value(told(result)); });
    EXPECT_FALSE(refused);
  }
  std::size_t refused = 0;
  for (auto& answer : answers) {
    const std::string text = answer.get();
    if (text.ends_with("fenced")) ++refused;
  }
  EXPECT_LT(refused, outcomes.size()) << "the last one is fenced by none";
  EXPECT_EQ(told(offer_numbered({"\"a\"", "\"b\""}, 1)), "dd");
  EXPECT_EQ(queue_info("out").ledger.offered, 2u);
}

TEST_F(RuntimeGateway, GivesLeasesOfAQueueThatNoStageReads) {
  leases_out_ = true;
  start();
  auto server = HttpService::start({}, *api_, {});
  ASSERT_TRUE(server) << server.error().message;
  const auto lease = [&](const std::string& queue) {
    return ask((*server)->address(), post("/api/v1/queues/" + queue + "/leases", R"({"max": 9})"));
  };
  EXPECT_EQ(lease("out").status, 204);
  ASSERT_TRUE(offer({.queue = "out", .json = "\"pear\"", .key = "k"}));
  const Answer given = lease("out");
  EXPECT_EQ(given.status, 200) << given.body;
  EXPECT_EQ(given.json()["leases"][0]["messages"][0]["payload"], "pear");
  const std::string token = given.json()["leases"][0]["lease"];
  EXPECT_EQ(ask((*server)->address(),
                post("/api/v1/leases/complete", R"({"leases": [{"lease": ")" + token +
                                                    R"(", "outcomes": [{"outputs": []}]}]})"))
                .json()["leases"][0]["result"],
            "done");
  EXPECT_EQ(queue_info("out").ledger.acked, 1u);
  const Answer read = lease("in");
  EXPECT_EQ(read.status, 400);
  EXPECT_EQ(read.json()["detail"],
            "stage keep of pipeline test reads queue in: expected a queue that no stage reads");
  EXPECT_EQ(lease("in.dead").status, 400);
  EXPECT_EQ(lease("none").status, 404);
  // Of no shard of the queue is this node the owner.
  cluster_.owner_of_shard_0 = cluster_.owner_of_shard_1 = "b";
  const Answer moved = lease("out");
  EXPECT_EQ(moved.status, 307);
  EXPECT_TRUE(moved.has("Location: http://127.0.0.1:9/api/v1/queues/out/leases"));
  cluster_.owner_of_shard_1.clear();
  EXPECT_EQ(lease("out").status, 204) << "a shard without an owner may come here";
}

TEST_F(RuntimeGateway, TellsARepeatFromAMessageThatWasAccepted) {
  start();
  const auto first = offer("\"apple\"", "once");
  ASSERT_TRUE(first);
  EXPECT_FALSE(first->is_duplicate);
  const auto second = offer("\"apple\"", "once");
  ASSERT_TRUE(second);
  EXPECT_TRUE(second->is_duplicate);
  EXPECT_EQ(second->shard, first->shard);
  EXPECT_EQ(second->key, first->key);
}

TEST_F(RuntimeGateway, RefusesAnotherMessageUnderAnIdempotencyKey) {
  start();
  // "out" takes no key from its messages, so that the key can stay the same.
  const auto offer_out = [&](const char* json, std::optional<std::string> key) {
    return offer({.queue = "out", .json = json, .key = std::move(key), .idempotency_key = "once"});
  };
  const std::vector<std::optional<std::string>> keys{std::nullopt, "k"};
  for (const auto& key : keys) {
    ASSERT_TRUE(offer_out("\"apple\"", key));
    const auto other = offer_out("\"pear\"", key);
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error().code, ErrorCode::key_reused);
  }
  // The scope is the queue and the message's key, whatever shards they share.
  for (const char* key : {"k1", "k2", "k3", "k4", "k5"}) {
    const auto own = offer_out("\"pear\"", key);
    ASSERT_TRUE(own) << key;
    EXPECT_FALSE(own->is_duplicate) << key;
  }
  EXPECT_EQ(queue_info("out").ledger.offered, 7u);
}

TEST_F(RuntimeGateway, GivesOneOfManySimultaneousOffersUnderAnIdempotencyKeyAsNew) {
  start();
  constexpr std::size_t count = 32;
  std::vector<std::promise<Result<Offered>>> outcomes(count);
  std::vector<std::future<Result<Offered>>> answers;
  for (auto& outcome : outcomes) answers.push_back(outcome.get_future());
  std::size_t refused = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const bool is_other = i % 4 == 3;
    const OfferRequest request{
        .queue = "out", .json = is_other ? "\"pear\"" : "\"apple\"", .idempotency_key = "once"};
    const auto taken = api_->offer(request, [&outcome = outcomes[i]](const Result<Offered>& done) {
      outcome.set_value(done);
    });
    EXPECT_EQ(taken.has_value(), !is_other);
    if (taken) continue;
    EXPECT_EQ(taken.error().code, ErrorCode::key_reused);
    outcomes[i].set_value(taken.error());
    ++refused;
  }
  std::size_t accepted = 0;
  std::size_t repeated = 0;
  for (auto& answer : answers) {
    const Result<Offered> done = answer.get();
    if (done) ++(done->is_duplicate ? repeated : accepted);
  }
  EXPECT_EQ(accepted, 1u);
  EXPECT_EQ(refused, count / 4);
  EXPECT_EQ(repeated, count - refused - 1);
  EXPECT_EQ(queue_info("out").ledger.offered, 1u);
}

TEST_F(RuntimeGateway, TakesNoKeyThatNobodyCouldAskForLater) {
  start();
  // "out" takes no key from its messages, "in" takes the value.
  const auto other = offer("\"pear\"", "", "mine");
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, ErrorCode::invalid_argument);
  EXPECT_NE(other.error().message.find("query: key"), std::string::npos) << other.error().message;
  for (const char* json : {R"("")", R"("a\u0000b")", R"("a\r\nb")", R"("\u007f")"}) {
    const auto offered = offer(json);
    ASSERT_FALSE(offered) << json;
    EXPECT_EQ(offered.error().code, ErrorCode::invalid_argument) << json;
    EXPECT_NE(offered.error().message.find("key"), std::string::npos) << offered.error().message;
  }
  EXPECT_EQ(queue_info("in").ledger.offered, 0u);
  EXPECT_TRUE(offer({.queue = "out", .json = "\"\"", .key = "mine", .idempotency_key = ""}));
}

TEST_F(RuntimeGateway, SaysWhatIsWrongWithAnOffer) {
  start();
  EXPECT_EQ(offer(OfferRequest{.queue = "none", .json = "1"}).error().code, ErrorCode::not_found);
  for (const char* wrong : {"", "{", "[1]", "{\"no\":1}", "'x'", "\"x\" 1"}) {
    const auto offered = offer(wrong);
    ASSERT_FALSE(offered) << wrong;
    EXPECT_EQ(offered.error().code, ErrorCode::invalid_argument) << wrong;
    EXPECT_EQ(offered.error().message.find("body: expected"), 0u) << offered.error().message;
  }
  EXPECT_EQ(offer(std::string(100'000, '[')).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(offer(OfferRequest{.queue = "in.dead", .json = "\"x\""}).error().code,
            ErrorCode::invalid_argument);
  EXPECT_EQ(queue_info("in").ledger.offered, 0u);
}

TEST_F(RuntimeGateway, IsNotReadyWhileItHoldsAShardOfAnotherNode) {
  start();
  ASSERT_TRUE(api_->ready());
  cluster_.owner_of_shard_1 = "b";
  api_ = std::make_unique<RuntimeApi>(*runtime_, cluster_);  // does not remember
  const auto ready = api_->ready();
  ASSERT_FALSE(ready);
  EXPECT_EQ(ready.error().code, ErrorCode::fenced);
  EXPECT_NE(ready.error().message.find("shard 1 of in"), std::string::npos)
      << ready.error().message;
  EXPECT_EQ(api_->conflicts().size(), 3u) << "in, its dead letters, and out";
}

TEST_F(RuntimeGateway, SaysAtOnceThatAQueueIsFull) {
  *holding_ = true;
  queues::Limits limits;
  limits.backlog_messages = 3;
  start(limits);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(offer("\"x\""));
  const auto refused = offer("\"x\"");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::backlog_full);
  EXPECT_EQ(queue_info("in").ledger.offered, 3u);
}

TEST_F(RuntimeGateway, ServesAWholeLifeOverHttp) {
  start();
  auto server = HttpService::start({}, *api_);
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
  const auto offer_once = [&](const char* body) {
    return ask(address, post("/api/v1/queues/out/messages", body, "Idempotency-Key: K1\r\n"));
  };
  EXPECT_FALSE(offer_once("\"a1\"").json().contains("duplicate"));
  const Answer again = offer_once("\"a1\"");
  EXPECT_EQ(again.status, 202);
  EXPECT_EQ(again.json()["duplicate"], true);
  const Answer other = offer_once("\"a2\"");
  EXPECT_EQ(other.status, 422);
  EXPECT_EQ(other.code(), "key_reused");
  const auto stages = api_->stages();
  ASSERT_EQ(stages.size(), 1u);
  EXPECT_EQ(stages[0].acked, 1u);
  EXPECT_EQ(stages[0].rejected, 1u);
  EXPECT_TRUE(stages[0].ends_pipeline);
  EXPECT_GT(stages[0].end_to_end.sum_us, 0u);
}

}  // namespace
}  // namespace millrace::http
