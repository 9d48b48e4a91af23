// Promise: the home of each shard of a queue has the role of the stage that reads the queue.
#include "cluster/node/queue_placement.hpp"

#include <set>

#include <gtest/gtest.h>

namespace millrace::cluster {
namespace {

StageSpec stage_of(const std::string& name, const std::string& source) {
  StageSpec spec;
  spec.name = name;
  spec.source = {.name = source, .type = "T"};
  return spec;
}

config::Config three_nodes() {
  config::Config config;
  config.node.name = "a";
  config.cluster.shards = 16;
  config.cluster.nodes = {{.name = "a", .address = "h:1", .weight = 1, .roles = {"stock"}},
                          {.name = "b", .address = "h:2", .weight = 1, .roles = {"stock", "pay"}},
                          {.name = "c", .address = "h:3", .weight = 1, .roles = {}}};
  return config;
}

std::set<std::string> homes(const QueuePlacement& placement, const std::string& queue) {
  std::set<std::string> names;
  for (std::uint32_t shard = 0; shard < 16; ++shard) names.insert(placement.home(queue, shard));
  return names;
}

TEST(QueuePlacement, UsesAllNodesWithoutARole) {
  const std::vector<PipelineSpec> pipelines{{"p", {stage_of("s", "q")}}};
  const auto placement = QueuePlacement::make(three_nodes(), pipelines);
  ASSERT_TRUE(placement);
  EXPECT_EQ(homes(*placement, "q"), (std::set<std::string>{"a", "b", "c"}));
  EXPECT_EQ(homes(*placement, "a queue without reader"), (std::set<std::string>{"a", "b", "c"}));
}

TEST(QueuePlacement, UsesNodesWithTheRoleOfTheStage) {
  config::Config config = three_nodes();
  config.pipelines = {{.name = "p", .options = {{.name = "s", .role = "stock"}}}};
  const std::vector<PipelineSpec> pipelines{{"p", {stage_of("s", "q"), stage_of("t", "r")}}};
  const auto placement = QueuePlacement::make(config, pipelines);
  ASSERT_TRUE(placement);
  EXPECT_EQ(homes(*placement, "q"), (std::set<std::string>{"a", "b"}));
  EXPECT_EQ(homes(*placement, "q.dead"), (std::set<std::string>{"a", "b"}));
  EXPECT_EQ(homes(*placement, "r"), (std::set<std::string>{"a", "b", "c"}));
}

TEST(QueuePlacement, FollowsOverridesToNodesWithTheRole) {
  config::Config config = three_nodes();
  config.cluster.overrides = {{3, "c"}};
  config.pipelines = {{.name = "p", .options = {{.name = "s", .role = "pay"}}}};
  const std::vector<PipelineSpec> pipelines{{"p", {stage_of("s", "q"), stage_of("t", "r")}}};
  const auto placement = QueuePlacement::make(config, pipelines);
  ASSERT_TRUE(placement);
  EXPECT_EQ(placement->home("r", 3), "c");
  EXPECT_EQ(placement->home("q", 3), "b") << "c does not pay";
}

TEST(QueuePlacement, ASingleNodeHasAllShards) {
  config::Config config;
  config.node.name = "alone";
  config.cluster.shards = 16;
  const auto placement = QueuePlacement::make(config, {});
  ASSERT_TRUE(placement);
  EXPECT_EQ(homes(*placement, "q"), std::set<std::string>{"alone"});
}

TEST(QueuePlacement, RefusesDeadLettersOfTwoRoles) {
  config::Config config = three_nodes();
  config.pipelines = {
      {.name = "p", .options = {{.name = "s", .role = "stock"}, {.name = "t", .role = "pay"}}}};
  std::vector<PipelineSpec> pipelines{{"p", {stage_of("s", "q"), stage_of("t", "r")}}};
  for (StageSpec& each : pipelines[0].stages) each.options.dead_letter = "letters";
  const auto placement = QueuePlacement::make(config, pipelines);
  ASSERT_FALSE(placement);
  EXPECT_EQ(placement.error().code, ErrorCode::invalid_argument);
  EXPECT_NE(placement.error().message.find("letters"), std::string::npos);
}

TEST(QueuePlacement, RefusesARoleThatNoNodeHas) {
  config::Config config = three_nodes();
  config.pipelines = {{.name = "p", .options = {{.name = "s", .role = "bake"}}}};
  const std::vector<PipelineSpec> pipelines{{"p", {stage_of("s", "q")}}};
  const auto placement = QueuePlacement::make(config, pipelines);
  ASSERT_FALSE(placement);
  EXPECT_NE(placement.error().message.find("bake"), std::string::npos);
}

}  // namespace
}  // namespace millrace::cluster
