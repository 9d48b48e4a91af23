// Promise: each result or exception of a handler becomes the right outcome of its message and
// leaves the other messages of the run alone. Stages are run by hand, as a receiver would.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/pipeline/stage_fixture.hpp"

namespace millrace::test {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Kind = StageResult::Kind;

/// Orders of the serialized Reserved in the outputs.
std::vector<std::string> orders_in(const StageResult& result) {
  std::vector<std::string> orders;
  for (const StageOutput& output : result.outputs) {
    orders.push_back(parsed<Reserved>(output.payload).order());
  }
  return orders;
}

/// Runs `handler`, of a keyed queue and with one queue for its outputs, over one run.
template <class Handler>
StageRun run_handler(const Handler& handler, StageRun run) {
  return run_stage(pipeline("p")
                       .from(queue<Placed>("in").key_by(&Placed::customer))
                       .then("stage", handler)
                       .to(queue<Reserved>("out")),
                   std::move(run));
}
// Return types.

TEST(HandlerStage, SendsTheMessageThatIsReturned) {
  const auto run = run_handler([](const Placed& order) { return reserved_of(order); },
                               run_of({placed("a"), placed("b")}));
  EXPECT_THAT(kinds(run), ElementsAre(Kind::acked, Kind::acked));
  EXPECT_THAT(orders_in(run.results[0]), ElementsAre("a"));
  EXPECT_THAT(orders_in(run.results[1]), ElementsAre("b"));
}

TEST(HandlerStage, DropsWhatAFilterDropsAndAcksIt) {
  const auto run = run_handler(
      [](const Placed& order) -> std::optional<Reserved> {
        if (order.cents() == 0) return std::nullopt;
        return reserved_of(order);
      },
      run_of({placed("a", 0), placed("b", 1)}));
  EXPECT_THAT(kinds(run), ElementsAre(Kind::acked, Kind::acked));
  EXPECT_THAT(orders_in(run.results[0]), ElementsAre());
  EXPECT_THAT(orders_in(run.results[1]), ElementsAre("b"));
}

TEST(HandlerStage, SendsAllMessagesOfAVectorInOrder) {
  const auto run =
      run_handler([](const Placed& order) { return std::vector<Reserved>(2, reserved_of(order)); },
                  run_of({placed("a")}));
  EXPECT_THAT(orders_in(run.results[0]), ElementsAre("a", "a"));
}

TEST(HandlerStage, TakesEachKindOfOutcome) {
  const auto handler = [](const Placed& order) -> Outcome<Reserved> {
    if (order.order() == "one") return reserved_of(order);
    if (order.order() == "many") return std::vector<Reserved>(3, reserved_of(order));
    if (order.order() == "none") return {};
    if (order.order() == "reject") return Reject{"no such customer"};
    return Retry{"come again", 7ms};
  };
  const auto run = run_handler(handler, run_of({placed("one"), placed("many"), placed("none"),
                                                placed("reject"), placed("retry")}));
  EXPECT_THAT(kinds(run),
              ElementsAre(Kind::acked, Kind::acked, Kind::acked, Kind::rejected, Kind::retry));
  EXPECT_EQ(run.results[1].outputs.size(), 3u);
  EXPECT_EQ(run.results[3].reason, "no such customer");
  EXPECT_EQ(run.results[4].reason, "come again");
  EXPECT_EQ(run.results[4].delay, 7ms);
}

TEST(HandlerStage, LetsASinkRetryAndReject) {
  const auto run = run_sink(
      [](const Placed& order) -> Outcome<void> {
        if (order.order() == "reject") return Reject{"no"};
        if (order.order() == "retry") return Retry{"later"};
        return {};
      },
      run_of({placed("a"), placed("reject"), placed("retry")}));
  EXPECT_THAT(kinds(run), ElementsAre(Kind::acked, Kind::rejected, Kind::retry));
  EXPECT_EQ(run.results[2].delay, std::nullopt);
}

int handled_by_a_function = 0;
void count_order(const Placed& /*order*/) {
  ++handled_by_a_function;
}

TEST(HandlerStage, TakesAPlainFunction) {
  const int before = handled_by_a_function;
  run_sink(&count_order, run_of({placed("a")}));
  EXPECT_EQ(handled_by_a_function, before + 1);
}

// Arguments of the handler.

TEST(HandlerStage, GivesTheContextOfTheDelivery) {
  const auto run = run_handler(
      [](const Placed& /*order*/, const Context& context) {
        Reserved out;
        out.set_order(std::string(context.facts().key));
        out.set_cents(context.now_us());
        return out;
      },
      run_of({placed("a")}));
  const auto out = parsed<Reserved>(run.results[0].outputs.at(0).payload);
  EXPECT_EQ(out.order(), "ann");
  EXPECT_EQ(out.cents(), 1000);
}

TEST(HandlerStage, GivesStateAndContextTogether) {
  const auto run = run_sink(
      [](const Placed& /*order*/, Keyed<Stock>& stock, const Context& context) {
        stock.change().set_left(context.now_us());
        stock.change().add_taken(std::string(stock.key()));
      },
      run_of({placed("a")}));
  const auto stock = parsed<Stock>(run.next_state.value());
  EXPECT_EQ(stock.left(), 1000);
  EXPECT_THAT(stock.taken(), ElementsAre("ann"));
}

TEST(HandlerStage, KeepsTheMembersOfAHandlerFromRunToRun) {
  const PipelineSpec spec = pipeline("p")
                                .from(queue<Placed>("in"))
                                .then("stage",
                                      [calls = 0](const Placed&) mutable {
                                        Reserved out;
                                        out.set_cents(++calls);
                                        return out;
                                      })
                                .to(queue<Reserved>("out"));
  const auto one = spec.stages[0].make();
  const auto other = spec.stages[0].make();
  const auto calls_seen = [](Stage& stage) {
    StageRun run = run_of({placed("a")});
    stage.run({&run, 1});
    return parsed<Reserved>(run.results[0].outputs.at(0).payload).cents();
  };
  EXPECT_EQ(calls_seen(*one), 1);
  EXPECT_EQ(calls_seen(*one), 2);
  EXPECT_EQ(calls_seen(*other), 1) << "each worker has a handler of its own";
}

TEST(HandlerStage, KeepsNoFieldsOfTheMessageBefore) {
  Placed empty;
  const auto run = run_handler([](const Placed& order) { return reserved_of(order); },
                               run_of({placed("a", 5), empty}));
  EXPECT_EQ(parsed<Reserved>(run.results[1].outputs.at(0).payload).order(), "");
}

TEST(HandlerStage, HandlesEachOfSeveralRuns) {
  const PipelineSpec spec = pipeline("p")
                                .from(queue<Placed>("in").key_by(&Placed::customer))
                                .then("stage", [](const Placed&, Keyed<Stock>& stock) {
                                  stock.change().set_left(stock->left() + 1);
                                });
  std::vector<StageRun> runs;
  runs.push_back(run_of({placed("a"), placed("b")}, "ann"));
  runs.push_back(run_of({placed("c")}, "bob"));
  spec.stages[0].make()->run(runs);
  EXPECT_EQ(parsed<Stock>(runs[0].next_state.value()).left(), 2);
  EXPECT_EQ(parsed<Stock>(runs[1].next_state.value()).left(), 1);
}

// Failures.

TEST(HandlerStage, FailsWithTheTextOfTheException) {
  const auto run = run_handler(
      [](const Placed& order) -> Reserved {
        if (order.broken()) throw std::runtime_error("gateway is away");
        return reserved_of(order);
      },
      run_of({placed("a"), broken("b"), placed("c")}));
  EXPECT_THAT(kinds(run), ElementsAre(Kind::acked, Kind::failed, Kind::not_run));
  EXPECT_EQ(run.results[1].reason, "gateway is away");
}

TEST(HandlerStage, FailsOnAnythingElseThatIsThrown) {
  const auto run = run_sink([](const Placed&) { throw 7; }, run_of({placed("a")}));
  EXPECT_EQ(run.results[0].kind, Kind::failed);
  EXPECT_THAT(run.results[0].reason, HasSubstr("not a std::exception"));
}

TEST(HandlerStage, RejectsAPayloadOfAnotherTypeAndGoesOn) {
  StageRun run = run_of({placed("a")});
  run.inputs.insert(run.inputs.begin(), input_of("\xff\xff\xff"));
  const auto done = run_handler([](const Placed& order) { return reserved_of(order); }, run);
  EXPECT_THAT(kinds(done), ElementsAre(Kind::rejected, Kind::acked));
  EXPECT_EQ(done.results[0].reason, "the payload is not a millrace.test.Placed");
}

TEST(HandlerStage, FailsWhenAKeyFunctionThrows) {
  const auto by_failure = [](const Reserved&) -> std::string {
    throw std::runtime_error("odd");
  };
  const auto run = run_stage(pipeline("p")
                                 .from(queue<Placed>("in"))
                                 .then("stage", [](const Placed& o) { return reserved_of(o); })
                                 .to(queue<Reserved>("out").key_by(by_failure)),
                             run_of({placed("a")}));
  EXPECT_EQ(run.results[0].kind, Kind::failed);
  EXPECT_EQ(run.results[0].reason, "odd");
  EXPECT_TRUE(run.results[0].outputs.empty());
}

}  // namespace
}  // namespace millrace::test
