// Promise: a batch handler gives each message its own outcome. Stages are run by hand.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/pipeline/stage_fixture.hpp"

namespace millrace::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Kind = StageResult::Kind;

std::vector<StageRun> runs_of(const std::vector<Placed>& messages) {
  static const std::vector<std::string> keys = {"k0", "k1", "k2", "k3", "k4", "k5"};
  std::vector<StageRun> runs;
  for (std::size_t i = 0; i < messages.size(); ++i) {
    runs.push_back(run_of({messages[i]}, keys.at(i)));
  }
  return runs;
}

std::vector<Kind> kinds_of(const std::vector<StageRun>& runs) {
  std::vector<Kind> out;
  for (const StageRun& run : runs) out.push_back(run.results.at(0).kind);
  return out;
}

auto keyed_input() {
  return queue<Placed>("in").key_by(&Placed::order);
}

template <class Handler>
std::unique_ptr<Stage> make_stage(const Handler& handler) {
  return pipeline("p")
      .from(keyed_input())
      .then_batch("stage", handler)
      .to(queue<Reserved>("out"))
      .stages[0]
      .make();
}

Reserved numbered(std::int64_t cents) {
  Reserved out;
  out.set_cents(cents);
  return out;
}

struct Score {
  std::vector<Outcome<Reserved>> operator()(Batch<Placed> batch) const {
    std::vector<Outcome<Reserved>> out;
    for (const auto& item : batch) {
      if (item.message.broken()) {
        out.emplace_back(Reject{"broken"});
      } else if (item.message.cents() < 0) {
        out.emplace_back(Retry{"later"});
      } else {
        out.emplace_back(numbered(static_cast<std::int64_t>(batch.size())));
      }
    }
    return out;
  }
};

TEST(BatchStage, GivesAllMessagesInOneCallAndEachItsOwnOutcome) {
  auto runs = runs_of({placed("a"), broken("b"), placed("c", -1), placed("d")});
  make_stage(Score())->run(runs);
  EXPECT_THAT(kinds_of(runs), ElementsAre(Kind::acked, Kind::rejected, Kind::retry, Kind::acked));
  EXPECT_EQ(parsed<Reserved>(runs[0].results[0].outputs.at(0).payload).cents(), 4);
  EXPECT_EQ(runs[1].results[0].reason, "broken");
}

TEST(BatchStage, LeavesUnreadableMessagesOutOfTheBatch) {
  auto runs = runs_of({placed("a"), placed("b"), placed("c")});
  runs[1].inputs[0] = input_of("\xff\xff\xff");
  make_stage(Score())->run(runs);
  EXPECT_THAT(kinds_of(runs), ElementsAre(Kind::acked, Kind::rejected, Kind::acked));
  EXPECT_EQ(parsed<Reserved>(runs[2].results[0].outputs.at(0).payload).cents(), 2);
}

TEST(BatchStage, DoesNotCallTheHandlerWithoutMessages) {
  int calls = 0;
  const auto stage = make_stage([&calls](Batch<Placed> batch) {
    ++calls;
    return std::vector<Outcome<Reserved>>(batch.size());
  });
  auto runs = runs_of({placed("a")});
  runs[0].inputs[0] = input_of("\xff\xff\xff");
  stage->run(runs);
  EXPECT_EQ(calls, 0);
  EXPECT_THAT(kinds_of(runs), ElementsAre(Kind::rejected));
}

TEST(BatchStage, FailsAllWhenTheHandlerThrows) {
  auto runs = runs_of({placed("a"), placed("b")});
  make_stage([](Batch<Placed>) -> std::vector<Outcome<Reserved>> {
    throw std::runtime_error("out of memory");
  })->run(runs);
  EXPECT_THAT(kinds_of(runs), ElementsAre(Kind::failed, Kind::failed));
  EXPECT_EQ(runs[1].results[0].reason, "out of memory");
}

TEST(BatchStage, FailsAllWhenOutcomesAreMissing) {
  auto runs = runs_of({placed("a"), placed("b")});
  make_stage([](Batch<Placed>) { return std::vector<Outcome<Reserved>>(1); })->run(runs);
  EXPECT_THAT(kinds_of(runs), ElementsAre(Kind::failed, Kind::failed));
  EXPECT_EQ(runs[0].results[0].reason, "the batch handler returned 1 outcomes for 2 messages");
}

TEST(BatchStage, TakesPlainMessagesAndFilters) {
  auto plain = runs_of({placed("a", 4)});
  make_stage([](Batch<Placed> batch) {
    return std::vector<Reserved>{numbered(batch[0].message.cents())};
  })->run(plain);
  EXPECT_EQ(parsed<Reserved>(plain[0].results[0].outputs.at(0).payload).cents(), 4);

  auto filtered = runs_of({placed("a"), placed("b")});
  make_stage([](Batch<Placed>) {
    return std::vector<std::optional<Reserved>>{std::nullopt, numbered(1)};
  })->run(filtered);
  EXPECT_THAT(kinds_of(filtered), ElementsAre(Kind::acked, Kind::acked));
  EXPECT_TRUE(filtered[0].results[0].outputs.empty());
  EXPECT_EQ(filtered[1].results[0].outputs.size(), 1u);
}

TEST(BatchStage, MayBeASink) {
  std::size_t seen = 0;
  const PipelineSpec spec =
      pipeline("p").from(queue<Placed>("in")).then_batch("sink", [&seen](Batch<Placed> batch) {
        seen += batch.size();
      });
  EXPECT_TRUE(spec.stages[0].is_batch);
  auto runs = runs_of({placed("a"), placed("b")});
  spec.stages[0].make()->run(runs);
  EXPECT_EQ(seen, 2u);
  EXPECT_THAT(kinds_of(runs), ElementsAre(Kind::acked, Kind::acked));
}

TEST(BatchStage, FailsOnlyTheMessageWhoseKeyFunctionThrows) {
  const auto by_cents = [](const Reserved& out) -> std::string {
    if (out.cents() == 2) throw std::runtime_error("no key for two");
    return std::to_string(out.cents());
  };
  const PipelineSpec spec =
      pipeline("p")
          .from(queue<Placed>("in"))
          .then_batch("stage",
                      [](Batch<Placed>) {
                        return std::vector<Reserved>{numbered(1), numbered(2), numbered(3)};
                      })
          .to(queue<Reserved>("out").key_by(by_cents));
  auto runs = runs_of({placed("a"), placed("b"), placed("c")});
  spec.stages[0].make()->run(runs);
  EXPECT_THAT(kinds_of(runs), ElementsAre(Kind::acked, Kind::failed, Kind::acked));
  EXPECT_EQ(runs[1].results[0].reason, "no key for two");
  EXPECT_EQ(runs[2].results[0].outputs.at(0).key, "3");
}

struct Count {
  std::vector<Outcome<void>> operator()(Batch<Placed, Stock> batch) const {
    std::vector<Outcome<void>> out;
    for (const auto& item : batch) {
      item.state.change().set_left(item.state->left() + item.context.now_us());
      item.state.record(item.message);
      if (item.message.broken()) {
        out.emplace_back(Retry{"again"});
      } else {
        out.emplace_back();
      }
    }
    return out;
  }
};

TEST(BatchStage, GivesEachMessageTheStateOfItsKey) {
  const auto stage = pipeline("p").from(keyed_input()).then_batch<Count>("count").stages[0].make();
  Stock stored;
  stored.set_left(5);
  auto runs = runs_of({placed("a"), broken("b"), placed("c"), placed("d")});
  runs[0].state = std::make_shared<const std::string>(stored.SerializeAsString());
  runs[1].state = runs[0].state;
  runs[3].state = std::make_shared<const std::string>("\xff\xff\xff");
  stage->run(runs);
  EXPECT_THAT(kinds_of(runs), ElementsAre(Kind::acked, Kind::retry, Kind::acked, Kind::failed));
  EXPECT_EQ(parsed<Stock>(runs[0].next_state.value()).left(), 1005);
  EXPECT_EQ(runs[0].results[0].history.size(), 1u);
  EXPECT_EQ(runs[1].next_state, std::nullopt);
  EXPECT_TRUE(runs[1].results[0].history.empty());
  EXPECT_EQ(parsed<Stock>(runs[2].next_state.value()).left(), 1000);
  EXPECT_THAT(runs[3].results[0].reason, HasSubstr("the stored state of the key"));

  auto again = runs_of({placed("e")});
  stage->run(again);
  EXPECT_EQ(parsed<Stock>(again[0].next_state.value()).left(), 1000) << "nothing is left over";
}

TEST(BatchStage, RoutesTheOutputsOfEachMessage) {
  const auto log = queue<Placed>("log");
  const PipelineSpec spec = pipeline("p")
                                .from(queue<Placed>("in"))
                                .then_batch("route",
                                            [log](Batch<Placed> batch) {
                                              std::vector<Outcome<Routed>> out;
                                              for (const auto& item : batch) {
                                                out.emplace_back(Routed().to(log, item.message));
                                              }
                                              return out;
                                            })
                                .to(log);
  auto runs = runs_of({placed("a"), placed("b")});
  spec.stages[0].make()->run(runs);
  EXPECT_EQ(parsed<Placed>(runs[1].results[0].outputs.at(0).payload).order(), "b");
}

}  // namespace
}  // namespace millrace::test
