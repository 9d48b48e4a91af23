// Promise: validate() refuses each mistake with a text that names it, its place and the rule.
#include "actors/pipeline/validate.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "actors/pipeline/pipeline.hpp"
#include "tests/pipeline/shapes.pb.h"

namespace millrace::test {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

struct Copy {
  Placed operator()(const Placed& order) const { return order; }
};
struct Drop {
  void operator()(const Placed& /*order*/) const {}
};
struct Take {
  Reserved operator()(const Placed& /*order*/, Keyed<Stock>& /*stock*/) const { return {}; }
};

std::string complaints(const std::vector<PipelineSpec>& pipelines) {
  const Result<void> result = validate(pipelines);
  if (result) return {};
  EXPECT_EQ(result.error().code, ErrorCode::invalid_argument);
  return result.error().message;
}

std::string complaint_of_options(const StageOptions& options) {
  return complaints({pipeline("p").from(queue<Placed>("in")).then<Drop>("drop", options)});
}

TEST(Validate, AcceptsSoundPipelines) {
  const auto placed = queue<Placed>("orders.placed").key_by(&Placed::order);
  EXPECT_EQ(complaints({pipeline("a")
                            .from(queue<Placed>("in"))
                            .then<Copy>("copy")
                            .to(placed, queue<Placed>("log")),
                        pipeline("b").from(placed).then<Take>("take").to(queue<Reserved>("out"))}),
            "");
}

TEST(Validate, ReportsEverythingAtOnce) {
  StageOptions options;
  options.workers = 0;
  options.retry.attempts = 1002;
  EXPECT_EQ(complaints({pipeline("Orders").from(queue<Placed>("in")).then<Drop>("drop", options)}),
            "pipeline Orders: name: expected 1 to 100 characters of [a-z0-9._-], got \"Orders\"\n"
            "pipeline Orders, stage drop: workers: expected 1 to 1000, got 0\n"
            "pipeline Orders, stage drop: retry.attempts: expected 0 to 1001, got 1002");
}

TEST(Validate, RefusesNamesBeyondTheirAlphabetAndLength) {
  const std::string long_name(101, 'x');
  for (const std::string& bad : {std::string(), std::string("a b"), std::string("ä"), long_name}) {
    EXPECT_THAT(complaints({pipeline("p").from(queue<Placed>(bad)).then<Drop>("drop")}),
                HasSubstr("source: expected 1 to 100 characters"));
    EXPECT_THAT(complaints({pipeline("p").from(queue<Placed>("in")).then<Drop>(bad)}),
                HasSubstr("name: expected 1 to 100 characters"));
  }
}

TEST(Validate, RefusesANameThatOnlyItsDeadLetterQueueMakesTooLong) {
  const std::string name(97, 'x');
  EXPECT_THAT(complaints({pipeline("p").from(queue<Placed>(name)).then<Drop>("drop")}),
              HasSubstr("dead_letter: expected 1 to 100 characters"));
}

TEST(Validate, RefusesTheSamePipelineOrStageNameTwice) {
  const auto one = pipeline("p").from(queue<Placed>("a")).then<Drop>("drop");
  const auto two = pipeline("p").from(queue<Placed>("b")).then<Drop>("drop");
  EXPECT_EQ(complaints({one, two}),
            "pipeline p: name: expected a unique name, but another pipeline has it");
  EXPECT_EQ(complaints({one.from(queue<Placed>("b")).then<Drop>("drop")}),
            "pipeline p, stage drop: name: expected a unique name, but another stage of the "
            "pipeline has it");
}

TEST(Validate, RefusesTwoStagesOnOneQueue) {
  EXPECT_EQ(complaints({pipeline("p").from(queue<Placed>("in")).then<Drop>("one"),
                        pipeline("q").from(queue<Placed>("in")).then<Drop>("two")}),
            "pipeline q, stage two: source: expected queue in to be read by one stage, but "
            "pipeline p, stage one reads it too");
}

TEST(Validate, RefusesAQueueOfTwoTypes) {
  EXPECT_EQ(
      complaints({pipeline("p").from(queue<Placed>("in")).then<Copy>("copy").to(queue<Placed>("x")),
                  pipeline("q").from(queue<Reserved>("x")).then("drop", [](const Reserved&) {})}),
      "pipeline q, stage drop: source: expected queue x to carry millrace.test.Placed as in "
      "pipeline p, stage copy, got millrace.test.Reserved");
}

TEST(Validate, RefusesTheSameTargetTwice) {
  EXPECT_THAT(complaints({pipeline("p")
                              .from(queue<Placed>("in"))
                              .then<Copy>("copy")
                              .to(queue<Placed>("x"), queue<Placed>("x"))}),
              HasSubstr("target: expected each queue once, got x again"));
}

TEST(Validate, RefusesStateWithoutAKey) {
  const QueueRef<Placed> keyless = queue<Placed>("in");
  EXPECT_THAT(complaints({pipeline("p").from(keyless).then<Take>("take").to(queue<Reserved>("x"))}),
              HasSubstr("stage take: source: expected a key"));
}

TEST(Validate, RefusesToWriteWithoutAKeyToAQueueThatIsReadByKey) {
  EXPECT_THAT(
      complaints(
          {pipeline("p").from(queue<Placed>("in")).then<Copy>("copy").to(queue<Placed>("x")),
           pipeline("q").from(queue<Placed>("x")).key_by(&Placed::order).then<Drop>("drop")}),
      HasSubstr("pipeline p, stage copy: target: expected queue x with the key that "
                "pipeline q, stage drop gives it"));
}

TEST(Validate, RefusesOptionsOutOfRange) {
  EXPECT_THAT(complaint_of_options({.workers = 1001}), HasSubstr("workers: expected 1 to 1000"));
  EXPECT_THAT(complaint_of_options({.retry = {.first = 2s, .max = 1s}}),
              HasSubstr("retry.first: expected 0us to 1000000us, got 2000000us"));
  EXPECT_THAT(complaint_of_options({.retry = {.max = 25h}}), HasSubstr("retry.max: expected 0us"));
  EXPECT_THAT(complaint_of_options({.batch = {.max = 10'001}}),
              HasSubstr("batch.max: expected 1 to 10000, got 10001"));
  EXPECT_THAT(complaint_of_options({.batch = {.window = -1us}}), HasSubstr("batch.window"));
  EXPECT_THAT(complaint_of_options({.timeout = 0us}), HasSubstr("timeout: expected 1000us"));
  EXPECT_EQ(complaint_of_options({.workers = 1000, .batch = {.max = 10'000}}), "");
}

TEST(Validate, RefusesACycleOfDeadLetterQueues) {
  EXPECT_THAT(complaint_of_options({.dead_letter = "in"}), HasSubstr("in leads back to in"));
  EXPECT_THAT(
      complaints({pipeline("p")
                      .from(queue<Placed>("in"))
                      .then<Copy>("copy")
                      .to(queue<Placed>("in.dead"))}),
      HasSubstr("copy: target: expected a queue that takes no dead letters, but in.dead takes"));
  StageOptions to_a;
  to_a.dead_letter = "a";
  EXPECT_THAT(complaints({pipeline("p").from(queue<Placed>("a")).then<Drop>("one"),
                          pipeline("q").from(queue<Placed>("a.dead")).then<Drop>("two", to_a)}),
              HasSubstr("a.dead leads back to a"));
}

TEST(Validate, RefusesADeadLetterQueueThatCarriesAnotherType) {
  EXPECT_THAT(
      complaints(
          {pipeline("p").from(queue<Placed>("a")).then<Drop>("one"),
           pipeline("q").from(queue<Reserved>("a.dead")).then("two", [](const Reserved&) {})}),
      HasSubstr("dead_letter: expected queue a.dead to carry millrace.test.Placed"));
}

TEST(Validate, RefusesAPipelineWithoutStages) {
  EXPECT_EQ(complaints({pipeline("p")}), "pipeline p: stages: expected at least one, got none");
}

}  // namespace
}  // namespace millrace::test
