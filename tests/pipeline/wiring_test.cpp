// Promise: a full queue holds back exactly the queues that feed it from outside its cycle. Checked
// on pipelines written as "source>target".
#include "actors/pipeline/wiring.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace millrace::test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

struct Edge {
  std::string source;
  std::vector<std::string> targets;
};

PipelineSpec pipeline_of(const std::vector<Edge>& edges) {
  PipelineSpec pipeline{.name = "p"};
  for (const Edge& edge : edges) {
    StageSpec stage{.name = "of-" + edge.source, .source = {edge.source, "T"}};
    for (const std::string& target : edge.targets) stage.targets.push_back({target, "T"});
    pipeline.stages.push_back(std::move(stage));
  }
  return pipeline;
}

class Wired {
 public:
  explicit Wired(const std::vector<Edge>& edges) {
    const PipelineSpec pipeline = pipeline_of(edges);
    wiring_ = analyse_wiring({&pipeline, 1});
  }

  [[nodiscard]] const WiredQueue& at(std::string_view name) const {
    return wiring_.queues.at(wiring_.find(name));
  }
  [[nodiscard]] std::vector<std::string> names(const std::vector<std::size_t>& numbers) const {
    std::vector<std::string> out;
    for (const std::size_t number : numbers) out.push_back(wiring_.queues.at(number).name);
    return out;
  }
  [[nodiscard]] std::vector<std::string> held_by(std::string_view full) const {
    return names(at(full).holds_back);
  }
  [[nodiscard]] std::vector<std::string> refused_by(std::string_view full) const {
    return names(at(full).refuses_offers);
  }
  [[nodiscard]] const Wiring& wiring() const { return wiring_; }

 private:
  Wiring wiring_;
};

TEST(Wiring, ListsQueuesOnceInOrderOfMention) {
  const Wired wired({{"a", {"b", "c"}}, {"b", {"c"}}});
  std::vector<std::string> names;
  for (const WiredQueue& queue : wired.wiring().queues) names.push_back(queue.name);
  EXPECT_THAT(names, ElementsAre("a", "b", "c", "a.dead", "b.dead"));
  EXPECT_THAT(wired.names(wired.at("a").feeds), ElementsAre("b", "c"));
  EXPECT_THAT(wired.names(wired.at("c").fed_by), ElementsAre("a", "b"));
  EXPECT_TRUE(wired.at("a.dead").is_dead_letter);
  EXPECT_FALSE(wired.at("a").is_dead_letter);
}

TEST(Wiring, NumbersTheQueuesOfEachStage) {
  const Wired wired({{"a", {"b", "c"}}});
  const WiredStage& stage = wired.wiring().stages.at(0);
  EXPECT_EQ(wired.wiring().queues.at(stage.source).name, "a");
  EXPECT_THAT(wired.names(stage.targets), ElementsAre("b", "c"));
  EXPECT_EQ(wired.wiring().queues.at(stage.dead_letter).name, "a.dead");
}

TEST(Wiring, AFullQueueHoldsBackItsFeedersOnly) {
  const Wired wired({{"a", {"b"}}, {"b", {"c"}}, {"x", {"c"}}});
  EXPECT_THAT(wired.held_by("c"), ElementsAre("b", "x"));
  EXPECT_THAT(wired.held_by("b"), ElementsAre("a"));
  EXPECT_THAT(wired.held_by("a"), IsEmpty());
  EXPECT_THAT(wired.refused_by("b"), ElementsAre("b"));
}

TEST(Wiring, AFullCycleHoldsBackTheWayIntoItButNotItself) {
  const Wired wired({{"in", {"a"}}, {"a", {"b"}}, {"b", {"a", "out"}}, {"other", {"b"}}});
  EXPECT_EQ(wired.at("a").cycle, wired.at("b").cycle);
  EXPECT_NE(wired.at("in").cycle, wired.at("a").cycle);
  EXPECT_THAT(wired.held_by("a"), UnorderedElementsAre("in", "other"));
  EXPECT_THAT(wired.held_by("b"), UnorderedElementsAre("in", "other"));
  EXPECT_THAT(wired.held_by("out"), ElementsAre("b"));
  EXPECT_THAT(wired.refused_by("a"), UnorderedElementsAre("a", "b"));
}

TEST(Wiring, AQueueThatFeedsItselfDoesNotWaitForItself) {
  const Wired wired({{"in", {"loop"}}, {"loop", {"loop"}}});
  EXPECT_THAT(wired.held_by("loop"), ElementsAre("in"));
}

TEST(Wiring, KeepsCyclesApartThatAreJoinedOneWay) {
  const Wired wired({{"a", {"b"}}, {"b", {"a", "c"}}, {"c", {"d"}}, {"d", {"c"}}});
  EXPECT_EQ(wired.at("a").cycle, wired.at("b").cycle);
  EXPECT_EQ(wired.at("c").cycle, wired.at("d").cycle);
  EXPECT_NE(wired.at("a").cycle, wired.at("c").cycle);
  EXPECT_THAT(wired.held_by("d"), ElementsAre("b"));
  EXPECT_THAT(wired.held_by("a"), IsEmpty());
}

TEST(Wiring, FindsOneCycleInTheOrderWorkflow) {
  const Wired wired({{"placed", {"events"}},
                     {"events", {"stock", "payments", "shipping", "notices"}},
                     {"stock", {"events"}},
                     {"payments", {"events"}},
                     {"shipping", {"events"}},
                     {"notices", {}}});
  for (const auto* full : {"events", "stock", "payments", "shipping"}) {
    EXPECT_THAT(wired.held_by(full), ElementsAre("placed")) << full;
  }
  EXPECT_THAT(wired.held_by("notices"), ElementsAre("events"));
}

TEST(Wiring, DeadLettersCarryNoPressure) {
  const Wired wired({{"a", {"b"}}, {"a.dead", {"seen"}}});
  EXPECT_THAT(wired.held_by("a.dead"), IsEmpty());
  EXPECT_THAT(wired.held_by("seen"), ElementsAre("a.dead"));
}

TEST(Wiring, SharesANamedDeadLetterQueueOfSeveralTypes) {
  PipelineSpec pipeline = pipeline_of({{"a", {}}, {"b", {}}});
  for (StageSpec& stage : pipeline.stages) stage.options.dead_letter = "all.dead";
  const Wiring one = analyse_wiring({&pipeline, 1});
  EXPECT_EQ(one.queues.at(one.find("all.dead")).type, "T");
  pipeline.stages[1].source.type = "U";
  const Wiring two = analyse_wiring({&pipeline, 1});
  EXPECT_EQ(two.queues.at(two.find("all.dead")).type, "");
}

TEST(Wiring, FollowsAChainOfAnyLength) {
  std::vector<Edge> edges;
  for (int i = 0; i < 20'000; ++i) {
    edges.push_back({"q" + std::to_string(i), {"q" + std::to_string(i + 1)}});
  }
  // Tests the depth of the cycle search only; dead letter queues double the number of queues.
  const Wired wired(edges);
  EXPECT_EQ(wired.wiring().queues.size(), 40'001u);
  EXPECT_THAT(wired.held_by("q20000"), ElementsAre("q19999"));
}

}  // namespace
}  // namespace millrace::test
