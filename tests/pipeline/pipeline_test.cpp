// Promise: the builder sets queues, keys, names, targets and options of each stage as declared.
#include "actors/pipeline/pipeline.hpp"

#include <atomic>

#include <gtest/gtest.h>

#include "actors/pipeline/validate.hpp"
#include "tests/pipeline/shapes.pb.h"
#include "tests/pipeline/stage_fixture.hpp"

namespace millrace::test {
namespace {

using namespace std::chrono_literals;
using Kind = StageResult::Kind;

struct Validate {
  std::optional<Placed> operator()(const Placed& order) const {
    if (order.cents() <= 0) return std::nullopt;
    return order;
  }
};

struct Reserve {
  std::int64_t start = 10;
  Outcome<Reserved> operator()(const Placed& order, Keyed<Stock>& stock) const {
    if (!stock.exists()) stock.change().set_left(start);
    if (stock->left() < order.cents()) return Reject{"sold out"};
    stock.change().set_left(stock->left() - order.cents());
    Reserved reserved;
    reserved.set_order(order.order());
    reserved.set_cents(order.cents());
    return reserved;
  }
};

struct ScoreReserved {
  std::vector<Outcome<Reserved>> operator()(Batch<Reserved> batch) const {
    std::vector<Outcome<Reserved>> scores;
    for (const auto& item : batch) scores.emplace_back(item.message);
    return scores;
  }
};

PipelineSpec orders() {
  return pipeline("orders")
      .from(queue<Placed>("orders.placed"))
      .key_by(&Placed::customer)
      .then<Validate>("validate", {.workers = 2})
      .key_by(&Placed::order)
      .then("reserve", Reserve{.start = 5}, {.workers = 8, .retry = {.attempts = 3, .first = 20ms}})
      .then_batch<ScoreReserved>("score", {.batch = {.max = 32, .window = 5ms}})
      .to(queue<Reserved>("orders.reserved"),
          queue<Reserved>("orders.log").key_by(&Reserved::order));
}

TEST(Pipeline, NamesTheQueueInFrontOfAStageAfterIt) {
  const PipelineSpec spec = orders();
  EXPECT_EQ(spec.name, "orders");
  ASSERT_EQ(spec.stages.size(), 3u);
  EXPECT_EQ(spec.stages[0].source, (QueueSpec{"orders.placed", "millrace.test.Placed"}));
  EXPECT_EQ(spec.stages[0].targets.at(0), (QueueSpec{"orders.reserve", "millrace.test.Placed"}));
  EXPECT_EQ(spec.stages[1].source, spec.stages[0].targets.at(0));
  EXPECT_EQ(spec.stages[1].targets.at(0), (QueueSpec{"orders.score", "millrace.test.Reserved"}));
  EXPECT_EQ(spec.stages[2].targets.size(), 2u);
}

TEST(Pipeline, KeepsNamesOptionsAndKindsOfStages) {
  const PipelineSpec spec = orders();
  EXPECT_EQ(spec.stages[0].name, "validate");
  EXPECT_EQ(spec.stages[0].options.workers, 2u);
  EXPECT_EQ(spec.stages[1].options.retry.attempts, 3u);
  EXPECT_EQ(spec.stages[1].options.retry.first, 20ms);
  EXPECT_TRUE(spec.stages[1].keeps_state);
  EXPECT_FALSE(spec.stages[0].keeps_state);
  EXPECT_TRUE(spec.stages[2].is_batch);
  EXPECT_EQ(spec.stages[2].options.batch.max, 32u);
}

TEST(Pipeline, KeysAQueueByTheKeyByInFrontOfIt) {
  const PipelineSpec spec = orders();
  const Placed order = placed("o1", 3);
  EXPECT_EQ(spec.stages[0].source.key_of(order), "ann");
  EXPECT_EQ(spec.stages[1].source.key_of(order), "o1");
  EXPECT_FALSE(spec.stages[2].source.key_of);
  for (const StageSpec& stage : spec.stages) EXPECT_TRUE(stage.is_keyed);

  const StageRun validated = run_stage(spec, run_of({order}), 0);
  EXPECT_EQ(validated.results[0].outputs.at(0).key, "o1");
  const StageRun reserved = run_stage(spec, run_of({order}, "o1"), 1);
  EXPECT_EQ(reserved.results[0].outputs.at(0).key, std::nullopt);
}

TEST(Pipeline, SendsEachOutputToEveryTarget) {
  const PipelineSpec spec = orders();
  StageRun run{.key = "o1"};
  Reserved reserved;
  reserved.set_order("o1");
  run.inputs.push_back(input_of(reserved.SerializeAsString(), "o1"));
  const StageRun done = run_stage(spec, run, 2);
  const auto& outputs = done.results[0].outputs;
  ASSERT_EQ(outputs.size(), 2u);
  EXPECT_EQ(outputs[0].target, 0u);
  EXPECT_EQ(outputs[0].key, std::nullopt);
  EXPECT_EQ(outputs[1].target, 1u);
  EXPECT_EQ(outputs[1].key, "o1");
  EXPECT_EQ(outputs[1].payload, outputs[0].payload);
}

TEST(Pipeline, CopiesAHandlerObjectForEachWorker) {
  const PipelineSpec spec = orders();
  const StageRun run = run_stage(spec, run_of({placed("o1", 6)}, "o1"), 1);
  EXPECT_EQ(run.results[0].kind, Kind::rejected);
  EXPECT_EQ(run.results[0].reason, "sold out");
}

TEST(Pipeline, EndsWithAStageThatReturnsNothing) {
  int seen = 0;
  const PipelineSpec spec =
      pipeline("orders").from(queue<Placed>("orders.placed")).then("count", [&seen](const Placed&) {
        ++seen;
      });
  const StageRun run = run_stage(spec, run_of({placed("a"), placed("b")}));
  EXPECT_EQ(seen, 2);
  EXPECT_TRUE(spec.stages[0].targets.empty());
  EXPECT_EQ(run.results[1].kind, Kind::acked);
}

TEST(Pipeline, HasExternalStagesAmongOthers) {
  const PipelineSpec spec = pipeline("orders")
                                .from(queue<Placed>("orders.placed").key_by(&Placed::order))
                                .then<Validate>("validate")
                                .then_external<Reserved>("reserve", {.timeout = 5s})
                                .then("count", [](const Reserved&) {});
  ASSERT_EQ(spec.stages.size(), 3u);
  const StageSpec& reserve = spec.stages[1];
  EXPECT_TRUE(reserve.is_external);
  EXPECT_FALSE(reserve.make);
  EXPECT_EQ(reserve.source, (QueueSpec{"orders.reserve", "millrace.test.Placed"}));
  EXPECT_EQ(reserve.targets.at(0), (QueueSpec{"orders.count", "millrace.test.Reserved"}));
  EXPECT_EQ(reserve.options.timeout, 5s);
  EXPECT_TRUE(reserve.keeps_state);
  EXPECT_FALSE(spec.stages[2].is_external);
  const PipelineSpec sink = pipeline("tell")
                                .from(queue<Placed>("told"))
                                .then_external("tell")
                                .from(queue<Placed>("x"))
                                .then("count", [](const Placed&) {});
  EXPECT_TRUE(sink.stages[0].targets.empty());
  EXPECT_FALSE(sink.stages[0].keeps_state);
  const Result<void> valid = validate({&spec, 1});
  EXPECT_TRUE(valid) << valid.error().message;
}

TEST(Pipeline, EndsAChainWithAReplyToTheAsker) {
  const PipelineSpec spec = pipeline("orders")
                                .from(queue<Placed>("orders.placed").key_by(&Placed::order))
                                .then<Validate>("validate")
                                .then_answer("reply", {.timeout = 5s})
                                .from(queue<Placed>("told"))
                                .then_answer("tell");
  ASSERT_EQ(spec.stages.size(), 3u);
  const StageSpec& reply = spec.stages[1];
  EXPECT_TRUE(reply.is_answer);
  EXPECT_FALSE(reply.make) << "the node makes it";
  EXPECT_EQ(reply.source, (QueueSpec{"orders.reply", "millrace.test.Placed"}));
  EXPECT_EQ(spec.stages[0].targets.at(0), reply.source);
  EXPECT_TRUE(reply.targets.empty());
  EXPECT_EQ(reply.options.timeout, 5s);
  EXPECT_EQ(spec.stages[2].source.name, "told");
  const Result<void> valid = validate({&spec, 1});
  EXPECT_TRUE(valid) << valid.error().message;
}

/// Neither copied nor moved, as a handler that owns a connection.
class Counting {
 public:
  Counting(std::atomic<int>& alive, int base) : alive_(alive), base_(base) { ++alive_; }
  ~Counting() { --alive_; }
  Counting(const Counting&) = delete;
  Counting& operator=(const Counting&) = delete;
  Reserved operator()(const Placed& placed) {
    Reserved reserved;
    reserved.set_order(placed.order() + std::to_string(base_ + ++seen_));
    return reserved;
  }

 private:
  std::atomic<int>& alive_;
  const int base_;
  int seen_ = 0;
};

TEST(Pipeline, MakesAHandlerForEachWorkerAndDestroysItWithTheWorker) {
  std::atomic<int> alive = 0;
  int made = 0;
  const PipelineSpec spec =
      pipeline("orders")
          .from(queue<Placed>("orders.placed").key_by(&Placed::order))
          .then("reserve", made_by([&] { return Counting(alive, 10 * ++made); }), {.workers = 2})
          .to(queue<Reserved>("orders.reserved"));
  EXPECT_EQ(made, 0) << "a program that only describes its pipelines opens nothing";
  {
    const auto first = spec.stages[0].make();
    const auto second = spec.stages[0].make();
    EXPECT_EQ(alive, 2);
    std::vector<StageRun> runs;
    runs.push_back(run_of({placed("a"), placed("b")}));
    second->run(runs);
    Reserved last;
    last.ParseFromString(runs[0].results[1].outputs.at(0).payload);
    EXPECT_EQ(last.order(), "b22");
  }
  EXPECT_EQ(alive, 0);
}

TEST(Pipeline, HoldsSeveralChains) {
  const auto placed_queue = queue<Placed>("orders.placed").key_by(&Placed::order);
  const auto events = queue<Reserved>("orders.events").key_by(&Reserved::order);
  const Pipeline spec = pipeline("orders")
                            .from(placed_queue)
                            .then<Reserve>("reserve")
                            .to(events)
                            .from(events)
                            .then("count", [](const Reserved&) {});
  ASSERT_EQ(spec.stages.size(), 2u);
  EXPECT_EQ(spec.stages[1].source, spec.stages[0].targets.at(0));
}

}  // namespace
}  // namespace millrace::test
