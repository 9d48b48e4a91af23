// What a handler returns or throws, and what becomes of the message, of the rest of its run and of
// the state of its key. Stages are run by hand, as a receiver would.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/pipeline/stage_fixture.hpp"

namespace millrace::test {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Kind = StageResult::Kind;

Reserved reserved_of(const Placed& order) {
  Reserved out;
  out.set_order(order.order());
  out.set_cents(order.cents());
  return out;
}

/// Orders of the serialized Reserved in the outputs.
std::vector<std::string> orders_in(const StageResult& result) {
  std::vector<std::string> orders;
  for (const StageOutput& output : result.outputs) {
    orders.push_back(parsed<Reserved>(output.payload).order());
  }
  return orders;
}

std::vector<Kind> kinds(const StageRun& run) {
  std::vector<Kind> out;
  for (const StageResult& result : run.results) out.push_back(result.kind);
  return out;
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
template <class Handler>
StageRun run_sink(const Handler& handler, StageRun run) {
  return run_stage(
      pipeline("p").from(queue<Placed>("in").key_by(&Placed::customer)).then("stage", handler),
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

// What a handler is given.

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

TEST(HandlerStage, DoesNotLetOneMessageShineThroughTheNext) {
  Placed empty;
  const auto run = run_handler([](const Placed& order) { return reserved_of(order); },
                               run_of({placed("a", 5), empty}));
  EXPECT_EQ(parsed<Reserved>(run.results[1].outputs.at(0).payload).order(), "");
}

TEST(HandlerStage, RunsEveryRunThatItIsHanded) {
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

// State of the key.

/// Takes `cents` of the stock; fails on a broken order after it changed everything.
void take(const Placed& order, Keyed<Stock>& stock) {
  stock.change().set_left(stock->left() - order.cents());
  stock.change().add_taken(order.order());
  stock.record(reserved_of(order));
  stock.set_timer("ask " + order.order(), 5s, order);
  if (order.broken()) throw std::runtime_error("broken");
}

Stock stock_of(std::int64_t left) {
  Stock stock;
  stock.set_left(left);
  return stock;
}

TEST(HandlerStage, CarriesTheStateThroughARunAndWritesItOnce) {
  const auto run = run_sink(&take, run_of({placed("a", 2), placed("b", 3)}, "ann", stock_of(10)));
  EXPECT_THAT(kinds(run), ElementsAre(Kind::acked, Kind::acked));
  const auto stock = parsed<Stock>(run.next_state.value());
  EXPECT_EQ(stock.left(), 5);
  EXPECT_THAT(stock.taken(), ElementsAre("a", "b"));
  EXPECT_FALSE(run.state_erased);
}

TEST(HandlerStage, LeavesAStateThatIsOnlyReadAlone) {
  const auto run =
      run_sink([](const Placed&, Keyed<Stock>& stock) { EXPECT_EQ(stock->left(), 10); },
               run_of({placed("a")}, "ann", stock_of(10)));
  EXPECT_EQ(run.next_state, std::nullopt);
  EXPECT_FALSE(run.state_erased);
}

TEST(HandlerStage, UndoesAFailureAfterAckedMessages) {
  const auto run =
      run_sink(&take, run_of({placed("a", 2), broken("b"), placed("c", 1)}, "ann", stock_of(10)));
  EXPECT_THAT(kinds(run), ElementsAre(Kind::acked, Kind::failed, Kind::not_run));
  const auto stock = parsed<Stock>(run.next_state.value());
  EXPECT_EQ(stock.left(), 8);
  EXPECT_THAT(stock.taken(), ElementsAre("a"));
  EXPECT_TRUE(run.results[1].history.empty());
  EXPECT_TRUE(run.results[1].timers_set.empty());
}

TEST(HandlerStage, WritesNothingWhenTheFirstMessageFails) {
  const auto run = run_sink(&take, run_of({broken("a"), placed("b")}, "ann", stock_of(10)));
  EXPECT_THAT(kinds(run), ElementsAre(Kind::failed, Kind::not_run));
  EXPECT_EQ(run.next_state, std::nullopt);
  EXPECT_FALSE(run.state_erased);
}

TEST(HandlerStage, UndoesARejectedMessageAndGoesOn) {
  const auto handler = [](const Placed& order, Keyed<Stock>& stock) -> Outcome<void> {
    stock.change().set_left(stock->left() - order.cents());
    if (order.broken()) return Reject{"broken"};
    return {};
  };
  const auto first = run_sink(handler, run_of({broken("a"), placed("b", 3)}, "ann", stock_of(10)));
  EXPECT_THAT(kinds(first), ElementsAre(Kind::rejected, Kind::acked));
  EXPECT_EQ(parsed<Stock>(first.next_state.value()).left(), 7);

  Placed dear = broken("b");
  dear.set_cents(9);
  const auto middle =
      run_sink(handler, run_of({placed("a", 1), dear, placed("c", 2)}, "ann", stock_of(10)));
  EXPECT_EQ(parsed<Stock>(middle.next_state.value()).left(), 7);
}

TEST(HandlerStage, UndoesAnEraseToo) {
  const auto handler = [](const Placed& order, Keyed<Stock>& stock) -> Outcome<void> {
    if (order.order() == "erase") stock.erase();
    if (order.order() == "add") stock.change().set_left(stock->left() + 1);
    if (order.broken()) return Reject{"broken"};
    return {};
  };
  const auto undone = run_sink(
      handler, run_of({placed("add"), broken("erase"), placed("add")}, "ann", stock_of(10)));
  EXPECT_EQ(parsed<Stock>(undone.next_state.value()).left(), 12);
  EXPECT_FALSE(undone.state_erased);

  const auto erased =
      run_sink(handler, run_of({placed("erase"), broken("add")}, "ann", stock_of(10)));
  EXPECT_TRUE(erased.state_erased);
  EXPECT_EQ(erased.next_state, std::nullopt);

  const auto anew = run_sink(
      handler, run_of({placed("erase"), broken("add"), placed("add")}, "ann", stock_of(10)));
  EXPECT_FALSE(anew.state_erased);
  EXPECT_EQ(parsed<Stock>(anew.next_state.value()).left(), 1);
}

TEST(HandlerStage, TellsWhetherTheKeyHasAState) {
  std::vector<bool> seen;
  const auto handler = [&seen](const Placed& order, Keyed<Stock>& stock) -> Outcome<void> {
    seen.push_back(stock.exists());
    stock.change();
    if (order.broken()) return Reject{"broken"};
    return {};
  };
  run_sink(handler, run_of({broken("a"), placed("b"), placed("c")}));
  EXPECT_THAT(seen, ElementsAre(false, false, true));
}

TEST(HandlerStage, StartsEachKeyAfresh) {
  const PipelineSpec spec =
      pipeline("p").from(queue<Placed>("in").key_by(&Placed::customer)).then("stage", &take);
  const auto stage = spec.stages[0].make();
  StageRun ann = run_of({placed("a", 2)}, "ann", stock_of(10));
  StageRun bob = run_of({placed("b", 2)}, "bob");
  stage->run({&ann, 1});
  stage->run({&bob, 1});
  const auto stock = parsed<Stock>(bob.next_state.value());
  EXPECT_EQ(stock.left(), -2);
  EXPECT_THAT(stock.taken(), ElementsAre("b"));
}

TEST(HandlerStage, FailsOnADamagedStateAndKeepsIt) {
  StageRun run = run_of({placed("a"), placed("b")});
  run.state = std::make_shared<const std::string>("\xff\xff\xff");
  const auto done = run_sink(&take, run);
  EXPECT_THAT(kinds(done), ElementsAre(Kind::failed, Kind::not_run));
  EXPECT_EQ(done.results[0].reason, "the stored state of the key is not a millrace.test.Stock");
  EXPECT_EQ(done.next_state, std::nullopt);
  EXPECT_FALSE(done.state_erased);
}

TEST(HandlerStage, RejectsAMessageWithoutKeyWhereStateIsKept) {
  const auto run = run_sink(&take, run_of({placed("a")}, ""));
  EXPECT_EQ(run.results[0].kind, Kind::rejected);
  EXPECT_THAT(run.results[0].reason, HasSubstr("has no key"));
}

TEST(HandlerStage, HandsOverHistoryAndTimersOfEachMessage) {
  const auto run = run_sink(&take, run_of({placed("a", 1), placed("b", 2)}));
  for (std::size_t i = 0; i < 2; ++i) {
    const std::string order = i == 0 ? "a" : "b";
    ASSERT_EQ(run.results[i].history.size(), 1u);
    EXPECT_EQ(parsed<Reserved>(run.results[i].history[0]).order(), order);
    ASSERT_EQ(run.results[i].timers_set.size(), 1u);
    EXPECT_EQ(run.results[i].timers_set[0].name, "ask " + order);
    EXPECT_EQ(run.results[i].timers_set[0].after, 5s);
    EXPECT_EQ(parsed<Placed>(run.results[i].timers_set[0].payload).order(), order);
  }
}

TEST(HandlerStage, LetsTheLastWordOnATimerCount) {
  const auto handler = [](const Placed& order, Keyed<Stock>& stock) {
    stock.set_timer("set twice", 1s, order);
    stock.set_timer("set twice", 2s, order);
    stock.set_timer("cleared at last", 1s, order);
    stock.clear_timer("cleared at last");
    stock.clear_timer("set at last");
    stock.set_timer("set at last", 3s, order);
  };
  const auto run = run_sink(handler, run_of({placed("a")}));
  const StageResult& result = run.results[0];
  ASSERT_EQ(result.timers_set.size(), 2u);
  EXPECT_EQ(result.timers_set[0].after, 2s);
  EXPECT_EQ(result.timers_set[1].name, "set at last");
  EXPECT_THAT(result.timers_cleared, ElementsAre("cleared at last"));
}

TEST(HandlerStage, OverwritesTheResultsOfAnEarlierTry) {
  const PipelineSpec spec =
      pipeline("p").from(queue<Placed>("in").key_by(&Placed::customer)).then("stage", &take);
  const auto stage = spec.stages[0].make();
  StageRun run = run_of({placed("a", 2)}, "ann", stock_of(10));
  stage->run({&run, 1});
  stage->run({&run, 1});
  ASSERT_EQ(run.results.size(), 1u);
  EXPECT_EQ(run.results[0].history.size(), 1u);
  EXPECT_EQ(parsed<Stock>(run.next_state.value()).left(), 8);
}

}  // namespace
}  // namespace millrace::test
