// Promise: each routed message goes to its named queue with its options, or the whole outcome fails
// with the reason.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/pipeline/stage_fixture.hpp"

namespace millrace::test {
namespace {

using namespace std::chrono_literals;
using Kind = StageResult::Kind;

const auto to_stock = queue<Reserved>("stock").key_by(&Reserved::order);
const auto to_log = queue<Placed>("log");

Reserved reserved(std::string order) {
  Reserved out;
  out.set_order(std::move(order));
  return out;
}

/// The result of one message for which the handler routes as `route` says.
StageResult result_of(const std::function<Routed(const Placed&)>& route) {
  StageRun run = run_stage(pipeline("p")
                               .from(queue<Placed>("in"))
                               .then("route", [route](const Placed& order) { return route(order); })
                               .to(to_stock, to_log),
                           run_of({placed("a")}));
  return run.results.at(0);
}

TEST(Routed, ReachesEachQueueByItsName) {
  const StageResult result = result_of([](const Placed& order) {
    return Routed().to(to_log, order).to(to_stock, reserved("r")).to(to_log, order);
  });
  EXPECT_EQ(result.kind, Kind::acked);
  ASSERT_EQ(result.outputs.size(), 3u);
  EXPECT_EQ(result.outputs[0].target, 1u);
  EXPECT_EQ(result.outputs[1].target, 0u);
  EXPECT_EQ(result.outputs[2].target, 1u);
  EXPECT_EQ(parsed<Placed>(result.outputs[0].payload).order(), "a");
  EXPECT_EQ(parsed<Reserved>(result.outputs[1].payload).order(), "r");
}

TEST(Routed, TakesTheKeyOfTheQueueElseTheInputs) {
  const StageResult result = result_of(
      [](const Placed& order) { return Routed().to(to_log, order).to(to_stock, reserved("r")); });
  EXPECT_EQ(result.outputs.at(0).key, std::nullopt);
  EXPECT_EQ(result.outputs.at(1).key, "r");
}

TEST(Routed, TakesTheDeclaredKeyWhenTheHandlerNamesTheQueueWithoutKey) {
  const StageResult result =
      result_of([](const Placed&) { return Routed().to(queue<Reserved>("stock"), reserved("r")); });
  EXPECT_EQ(result.outputs.at(0).key, "r");
}

TEST(Routed, PassesPriorityDelayAndDeadlineOn) {
  const StageResult result = result_of([](const Placed& order) {
    return Routed().to(to_log, order, {.priority = 9, .delay = 3s, .expires_in = 1min});
  });
  const MessageOptions& options = result.outputs.at(0).options;
  EXPECT_EQ(options.priority, 9);
  EXPECT_EQ(options.delay, 3s);
  EXPECT_EQ(options.expires_in, 1min);
}

TEST(Routed, IsDoneWhenEmpty) {
  const StageResult result = result_of([](const Placed&) { return Routed(); });
  EXPECT_EQ(result.kind, Kind::acked);
  EXPECT_TRUE(result.outputs.empty());
}

void expect_failure(const StageResult& result, const std::string& reason) {
  EXPECT_EQ(result.kind, Kind::failed);
  EXPECT_EQ(result.reason, reason);
  EXPECT_TRUE(result.outputs.empty());
}

TEST(Routed, FailsOnAQueueThatIsNotDeclared) {
  expect_failure(result_of([](const Placed& order) {
                   return Routed().to(to_log, order).to(queue<Placed>("elsewhere"), order);
                 }),
                 "the handler routed a message to queue elsewhere, which the stage does not "
                 "declare in .to(...)");
}

TEST(Routed, FailsOnAMessageOfAnotherType) {
  expect_failure(
      result_of([](const Placed& order) { return Routed().to(queue<Placed>("stock"), order); }),
      "the handler routed a millrace.test.Placed to queue stock, which carries "
      "millrace.test.Reserved");
}

TEST(Routed, FailsOnOptionsOutOfRange) {
  const auto with = [](const MessageOptions& options) {
    return result_of(
        [options](const Placed& order) { return Routed().to(to_log, order, options); });
  };
  const std::string start = "the handler routed a message to queue log with ";
  expect_failure(with({.priority = 10}), start + "priority: expected 0 to 9, got 10");
  expect_failure(with({.priority = -2}), start + "priority: expected 0 to 9, got -2");
  expect_failure(with({.delay = -1us}), start + "delay: expected 0 or more");
  expect_failure(with({.expires_in = -1us}), start + "expires_in: expected 0 or more");
  expect_failure(with({.idempotency_key = "k"}),
                 start + "idempotency_key: expected none; only a sender may set it");
}

TEST(Routed, MayBeWrappedInAnOutcome) {
  const PipelineSpec spec = pipeline("p")
                                .from(queue<Placed>("in"))
                                .then("route",
                                      [](const Placed& order) -> Outcome<Routed> {
                                        if (order.broken()) return Reject{"broken"};
                                        if (order.cents() < 0) return Retry{"later"};
                                        if (order.cents() == 0) return {};
                                        return Routed().to(to_log, order);
                                      })
                                .to(to_log);
  const StageRun run =
      run_stage(spec, run_of({broken("a"), placed("b", 0), placed("c", 1), placed("d", -1)}));
  EXPECT_EQ(run.results[0].kind, Kind::rejected);
  EXPECT_EQ(run.results[1].kind, Kind::acked);
  EXPECT_TRUE(run.results[1].outputs.empty());
  EXPECT_EQ(run.results[2].outputs.size(), 1u);
  EXPECT_EQ(run.results[3].kind, Kind::retry);
}

TEST(Routed, FailsWhenTheHandlerThrows) {
  StageResult result = result_of([](const Placed&) -> Routed { throw std::runtime_error("no"); });
  expect_failure(result, "no");
}

}  // namespace
}  // namespace millrace::test
