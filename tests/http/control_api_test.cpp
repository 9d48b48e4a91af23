// What operators say over HTTP reaches the node, and what is paused or held back is shown.
#include <string>

#include <gtest/gtest.h>

#include "tests/http/served_fake.hpp"

namespace millrace::http {
namespace {

using Json = nlohmann::json;
using ControlApi = ServedFake;

TEST_F(ControlApi, PausesAndResumesWhatItIsTold) {
  serve();
  const Answer paused =
      ask(post("/api/v1/pause",
               R"({"stage": "orders/charge", "key": "k 7", "for": "10m", "reason": "why"})"));
  EXPECT_EQ(paused.status, 200);
  EXPECT_EQ(paused.json()["paused"][0], (Json{{"queue", "in"}, {"shards", 4}, {"node", "a"}}));
  ASSERT_EQ(api_.pause_requests.size(), 1u);
  const PauseRequest first = api_.pause_requests[0];
  EXPECT_EQ(first.stage, "orders/charge");
  EXPECT_EQ(first.command.key, "k 7");
  EXPECT_EQ(first.command.for_us, 600'000'000);
  EXPECT_EQ(first.command.reason, "why");
  EXPECT_EQ(first.command.by, "127.0.0.1") << "who asks, where the body does not say it";
  EXPECT_FALSE(first.command.resumes);
  EXPECT_EQ(
      ask(post("/api/v1/pause", R"({"role": "pay", "until": "2030-01-01T00:00:00Z", "by": "ann"})"))
          .status,
      200);
  EXPECT_EQ(api_.pause_requests[1].role, "pay");
  EXPECT_EQ(api_.pause_requests[1].command.until_us, 1'893'456'000'000'000);
  EXPECT_EQ(api_.pause_requests[1].command.by, "ann");
  EXPECT_EQ(ask(post("/api/v1/resume", R"({"pipeline": "orders"})")).json()["resumed"].size(), 1u);
  EXPECT_TRUE(api_.pause_requests[2].command.resumes);
  for (const char* body : {"", "{}", R"(["in"])", R"({"queue": ""})", R"({"queue": 7})",
                           R"({"queue": "in", "role": "pay"})", R"({"pipeline": "p", "key": "k"})",
                           R"({"queue": "in", "for": "0s"})", R"({"queue": "in", "for": 5})",
                           R"({"queue": "in", "until": "tomorrow"})",
                           R"({"queue": "in", "for": "1s", "until": "2030-01-01T00:00:00Z"})",
                           R"({"queue": "in", "unknown": 1})"}) {
    EXPECT_EQ(ask(post("/api/v1/pause", body)).status, 400) << body;
  }
  EXPECT_EQ(ask(post("/api/v1/resume", R"({"queue": "in", "reason": "done"})")).status, 400);
  EXPECT_EQ(api_.pause_requests.size(), 3u);
  api_.failure = Error{ErrorCode::not_found, "no pipeline has a queue in"};
  EXPECT_EQ(ask(post("/api/v1/pause", R"({"queue": "in"})")).status, 404);
}

TEST_F(ControlApi, ShowsWhatIsPausedAndBreakers) {
  QueueInfo info;
  info.name = "in";
  info.paused = {{.shard = 2,
                  .key = {},
                  .pause = {.since_us = 1'893'456'000'000'000, .reason = "why", .by = "ann"}},
                 {.shard = 3, .key = "k", .pause = {.since_us = 1}}};
  info.unanswered = 1;
  api_.queue_list = {info};
  serve();
  const Json shown = ask(request("GET", "/api/v1/pauses")).json();
  EXPECT_EQ(shown["unanswered"], 1);
  ASSERT_EQ(shown["pauses"].size(), 2u);
  EXPECT_EQ(shown["pauses"][0], (Json{{"queue", "in"},
                                      {"shard", 2},
                                      {"key", nullptr},
                                      {"since", "2030-01-01T00:00:00.000000Z"},
                                      {"until", nullptr},
                                      {"reason", "why"},
                                      {"by", "ann"},
                                      {"node", "a"}}));
  EXPECT_EQ(shown["pauses"][1]["key"], "k");
  const Json queue = ask(request("GET", "/api/v1/queues/in")).json();
  EXPECT_EQ(queue["paused_shards"], 1);
  EXPECT_EQ(queue["paused_keys"], 1);
  StageCounts stage;
  stage.pipeline = "orders";
  stage.stage = "charge";
  stage.breaker = {.phase = StageCounts::Breaker::Phase::open,
                   .open_since_us = 1'893'456'000'000'000,
                   .trips = 2,
                   .probes = 3};
  api_.stage_list = {stage};
  EXPECT_EQ(ask(request("GET", "/api/v1/stages")).json()["stages"][0]["breaker"],
            (Json{{"state", "open"},
                  {"since", "2030-01-01T00:00:00.000000Z"},
                  {"trips", 2},
                  {"probes", 3}}));
}

}  // namespace
}  // namespace millrace::http
