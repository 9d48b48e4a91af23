// Promise: the state of a key is read once and written once in a run, and messages that are not
// acked do not change it. History and timers belong to the result of their message.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/pipeline/stage_fixture.hpp"

namespace millrace::test {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Kind = StageResult::Kind;

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

TEST(KeyedState, CarriesTheStateThroughARunAndWritesItOnce) {
  const auto run = run_sink(&take, run_of({placed("a", 2), placed("b", 3)}, "ann", stock_of(10)));
  EXPECT_THAT(kinds(run), ElementsAre(Kind::acked, Kind::acked));
  const auto stock = parsed<Stock>(run.next_state.value());
  EXPECT_EQ(stock.left(), 5);
  EXPECT_THAT(stock.taken(), ElementsAre("a", "b"));
  EXPECT_FALSE(run.state_erased);
}

TEST(KeyedState, LeavesAStateThatIsOnlyReadAlone) {
  const auto run =
      run_sink([](const Placed&, Keyed<Stock>& stock) { EXPECT_EQ(stock->left(), 10); },
               run_of({placed("a")}, "ann", stock_of(10)));
  EXPECT_EQ(run.next_state, std::nullopt);
  EXPECT_FALSE(run.state_erased);
}

TEST(KeyedState, UndoesAFailureAfterAckedMessages) {
  const auto run =
      run_sink(&take, run_of({placed("a", 2), broken("b"), placed("c", 1)}, "ann", stock_of(10)));
  EXPECT_THAT(kinds(run), ElementsAre(Kind::acked, Kind::failed, Kind::not_run));
  const auto stock = parsed<Stock>(run.next_state.value());
  EXPECT_EQ(stock.left(), 8);
  EXPECT_THAT(stock.taken(), ElementsAre("a"));
  EXPECT_TRUE(run.results[1].history.empty());
  EXPECT_TRUE(run.results[1].timers_set.empty());
}

TEST(KeyedState, WritesNothingWhenTheFirstMessageFails) {
  const auto run = run_sink(&take, run_of({broken("a"), placed("b")}, "ann", stock_of(10)));
  EXPECT_THAT(kinds(run), ElementsAre(Kind::failed, Kind::not_run));
  EXPECT_EQ(run.next_state, std::nullopt);
  EXPECT_FALSE(run.state_erased);
}

TEST(KeyedState, UndoesARejectedMessageAndGoesOn) {
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

TEST(KeyedState, UndoesAnEraseToo) {
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

TEST(KeyedState, ReportsWhetherTheKeyHasAState) {
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

TEST(KeyedState, StartsEachKeyAfresh) {
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

TEST(KeyedState, FailsOnADamagedStateAndKeepsIt) {
  StageRun run = run_of({placed("a"), placed("b")});
  run.state = std::make_shared<const std::string>("\xff\xff\xff");
  const auto done = run_sink(&take, run);
  EXPECT_THAT(kinds(done), ElementsAre(Kind::failed, Kind::not_run));
  EXPECT_EQ(done.results[0].reason, "the stored state of the key is not a millrace.test.Stock");
  EXPECT_EQ(done.next_state, std::nullopt);
  EXPECT_FALSE(done.state_erased);
}

TEST(KeyedState, RejectsAMessageWithoutKeyWhereStateIsKept) {
  const auto run = run_sink(&take, run_of({placed("a")}, ""));
  EXPECT_EQ(run.results[0].kind, Kind::rejected);
  EXPECT_THAT(run.results[0].reason, HasSubstr("has no key"));
}

TEST(KeyedState, PutsHistoryAndTimersIntoTheResultOfTheirMessage) {
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

TEST(KeyedState, AppliesTheLastChangeOfATimer) {
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

TEST(KeyedState, FailsAMessageThatSetsATimerOfAnotherType) {
  const auto handler = [](const Placed&, Keyed<Stock>& stock) {
    stock.change().set_left(1);
    stock.set_timer("t", 1s, Reserved());  // its bytes would be read as a Placed
  };
  const auto run = run_sink(handler, run_of({placed("a")}));
  EXPECT_EQ(run.results[0].kind, Kind::failed);
  EXPECT_EQ(run.results[0].reason,
            "the handler set timer t with a message of another type: expected "
            "millrace.test.Placed, which the stage takes");
  EXPECT_EQ(run.next_state, std::nullopt);
}

TEST(KeyedState, TakesATimerWhoseTypeTheCompilerChecks) {
  const auto handler = [](const Placed& order, Keyed<Stock, Placed>& stock) {
    stock.change().set_left(stock->left() - 1);
    stock.set_timer("t", 1s, order);
  };
  const auto run = run_sink(handler, run_of({placed("a"), placed("b")}, "ann", stock_of(10)));
  EXPECT_EQ(parsed<Stock>(run.next_state.value()).left(), 8);
  ASSERT_EQ(run.results[1].timers_set.size(), 1u);
  EXPECT_EQ(parsed<Placed>(run.results[1].timers_set[0].payload).order(), "b");
}

TEST(KeyedState, OverwritesTheResultsOfAnEarlierTry) {
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
