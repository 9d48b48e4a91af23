// Promise: a node's plan declares each dead letter queue as one, whatever its name. Checked on plans.
#include "actors/assembly/node_plan.hpp"

#include <algorithm>

#include <google/protobuf/wrappers.pb.h>
#include <gtest/gtest.h>

#include "actors/pipeline/pipeline.hpp"

namespace millrace {
namespace {

using google::protobuf::Int64Value;
using google::protobuf::StringValue;

struct Swallow {
  void operator()(const Int64Value& /*in*/) const {}
};

NodePlan plan(Store& store, const StageOptions& options) {
  const std::vector<PipelineSpec> pipelines{
      pipeline("test").from(queue<Int64Value>("numbers")).then("swallow", Swallow{}, options)};
  auto planned =
      plan_node(analyse_wiring(pipelines), pipelines, store, {.data_dir = {}, .shards = 2});
  EXPECT_TRUE(planned);
  return std::move(*planned);
}

TEST(NodePlan, DeclaresDeadLetterQueuesAsSuchWhateverTheirName) {
  Store store;
  const NodePlan planned = plan(store, {.dead_letter = "graveyard"});
  ASSERT_EQ(planned.fresh.size(), 4u);
  for (const pb::Declaration& declaration : planned.fresh) {
    EXPECT_EQ(declaration.dead_letters(), declaration.name() == "graveyard");
  }
  EXPECT_TRUE(plan(store, {.dead_letter = "graveyard"}).fresh.empty());
}

TEST(NodePlan, DeclaresAQueueAgainWhenItsDeadLetterRoleChanges) {
  Store store;
  plan(store, {.dead_letter = "graveyard"});
  for (auto& [number, queue] : store.queues()) queue.declaration.set_dead_letters(false);
  const NodePlan planned = plan(store, {.dead_letter = "graveyard"});
  ASSERT_EQ(planned.fresh.size(), 2u) << "a log from before queues said so";
  Store replayed;
  for (const auto& [number, queue] : store.queues()) {
    pb::Declaration old = queue.declaration;
    old.set_dead_letters(false);
    EXPECT_TRUE(replayed.declare(old));
  }
  for (const pb::Declaration& declaration : planned.fresh) {
    EXPECT_TRUE(replayed.declare(declaration));
  }
  EXPECT_TRUE(replayed.find("graveyard", 1)->declaration.dead_letters());
  EXPECT_FALSE(replayed.find("numbers", 1)->declaration.dead_letters());
}

template <Message State>
PipelineSpec keeping() {
  return pipeline("test")
      .from(queue<Int64Value>("numbers").key_by([](const Int64Value& in) { return in.value(); }))
      .then("keep", [](const Int64Value&, Keyed<State>&) {});
}

Result<NodePlan> plan_of(Store& store, const PipelineSpec& spec) {
  const std::vector<PipelineSpec> pipelines{spec};
  return plan_node(analyse_wiring(pipelines), pipelines, store, {.data_dir = {}, .shards = 1});
}

void set_value(Store& store) {
  pb::StateChange change;
  change.set_key("k");
  change.set_value("bytes of the first type");
  store.find("numbers", 0)->state->durable.keyed.apply(change);
}

TEST(NodePlan, RefusesKeyedStateOfAnotherType) {
  Store store;
  ASSERT_TRUE(plan_of(store, keeping<Int64Value>()));
  EXPECT_EQ(store.find("numbers", 0)->state->declaration->state_type(),
            "google.protobuf.Int64Value");
  set_value(store);
  EXPECT_TRUE(plan_of(store, keeping<Int64Value>())->fresh.empty());
  const auto other = plan_of(store, keeping<StringValue>());
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().message,
            "queue numbers keeps states of type google.protobuf.Int64Value for its keys, the stage "
            "expects google.protobuf.StringValue");
}

TEST(NodePlan, TakesAnotherTypeOfStateWhereNoKeyHasAValue) {
  Store store;
  ASSERT_TRUE(plan_of(store, keeping<Int64Value>()));
  const auto other = plan_of(store, keeping<StringValue>());
  ASSERT_TRUE(other) << other.error().message;
  ASSERT_EQ(other->fresh.size(), 1u);
  EXPECT_EQ(other->fresh[0].state_type(), "google.protobuf.StringValue");
}

TEST(NodePlan, RecordsTheTypeOfStateFromBeforeTypesWereRecorded) {
  Store store;
  ASSERT_TRUE(plan_of(store, keeping<Int64Value>()));
  set_value(store);
  StoredQueue& stored = *store.find("numbers", 0);
  stored.declaration.clear_state_type();
  queues::declare(*stored.state, stored.declaration);
  const auto planned = plan_of(store, keeping<Int64Value>());
  ASSERT_TRUE(planned) << planned.error().message;
  ASSERT_EQ(planned->fresh.size(), 1u);
  EXPECT_EQ(planned->fresh[0].state_type(), "google.protobuf.Int64Value");
}

TEST(NodePlan, LeasesAMessageOftenEnoughForAllAttempts) {
  for (const std::uint32_t attempts : {6u, 1'000u}) {
    Store store;
    const NodePlan planned = plan(store, {.retry = {.attempts = attempts}});
    const queues::Limits& limits = planned.queues.at("numbers").limits;
    EXPECT_EQ(limits.failed_max, attempts - 1);
    EXPECT_EQ(limits.acquired_max, queues::no_limit);
  }
}

TEST(NodePlan, LeasesAMessageOftenEnoughForAllAttemptsWhereTheQueueNamesANumber) {
  Store store;
  const std::vector<PipelineSpec> pipelines{
      pipeline("test")
          .from(queue<Int64Value>("numbers"))
          .then("swallow", Swallow{}, {.retry = {.attempts = 6}})};
  const auto planned = plan_node(analyse_wiring(pipelines), pipelines, store,
                                 {.data_dir = {}, .shards = 2, .limits = {.acquired_max = 3}});
  ASSERT_TRUE(planned);
  EXPECT_EQ(planned->queues.at("numbers").limits.acquired_max, 12u);
}

TEST(NodePlan, RetriesWithoutEndWhereTheStageNamesNoNumber) {
  Store store;
  EXPECT_EQ(plan(store, {}).queues.at("numbers").limits.failed_max, queues::no_limit);
}

}  // namespace
}  // namespace millrace
