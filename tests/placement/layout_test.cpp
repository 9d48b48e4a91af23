// Promise: each node is home to its share of the shards by weight, all nodes compute the same homes, and
// a change of the nodes changes few homes. Checked over many shards and by pinned values.
#include <cmath>
#include <map>

#include <gtest/gtest.h>

#include "cluster/placement/layout_core.hpp"

namespace millrace::placement {
namespace {

constexpr std::uint32_t shards = 20'000;

Layout layout(std::vector<PlacedNode> nodes, std::map<std::uint32_t, std::string> overrides = {}) {
  auto made = make_layout(shards, std::move(nodes), std::move(overrides));
  EXPECT_TRUE(made);
  return *made;
}

std::vector<PlacedNode> nodes(std::vector<std::uint32_t> weights) {
  std::vector<PlacedNode> all;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    all.push_back({"node-" + std::to_string(i), "", weights[i]});
  }
  return all;
}

// Expects each node to have its part of the shards, rounded up or down.
void expect_balanced(const std::vector<std::uint32_t>& weights) {
  double sum = 0;
  for (const std::uint32_t weight : weights) sum += weight;
  std::map<std::string, double> taken;
  const Layout placed = layout(nodes(weights));
  for (const std::string& home : homes_of(placed)) taken[home] += 1;
  for (const PlacedNode& node : placed.nodes) {
    EXPECT_LT(std::abs(taken[node.name] - shards * node.weight / sum), 1.0) << node.name;
  }
}

TEST(Layout, SpreadsShardsByWeight) {
  expect_balanced({1, 1, 1});
  expect_balanced({1, 2, 3, 4});
  expect_balanced({1'000, 1, 10, 100});
  expect_balanced({5, 0, 5});
  expect_balanced(std::vector<std::uint32_t>(50, 7));
}

// Expects homes to change for hardly more shards than one node gains or loses.
void expect_few_changes(const Layout& before, const Layout& after, const std::string& changed) {
  const std::vector<std::string> from = homes_of(before);
  const std::vector<std::string> to = homes_of(after);
  std::uint32_t moved = 0;
  std::int64_t gained = 0;
  for (std::uint32_t shard = 0; shard < shards; ++shard) {
    moved += from[shard] != to[shard] ? 1 : 0;
    gained += (to[shard] == changed ? 1 : 0) - (from[shard] == changed ? 1 : 0);
  }
  EXPECT_GT(moved, 0u);
  EXPECT_LT(moved, 1.25 * static_cast<double>(std::abs(gained)));
}

TEST(Layout, MovesFewShardsWhenANodeIsAddedRemovedOrReweighted) {
  expect_few_changes(layout(nodes({3, 2, 1})), layout(nodes({3, 2, 1, 2})), "node-3");
  expect_few_changes(layout(nodes({3, 2, 1, 2})), layout(nodes({3, 2, 1})), "node-3");
  expect_few_changes(layout(nodes({3, 2, 1})), layout(nodes({3, 0, 1})), "node-1");
  expect_few_changes(layout(nodes({3, 2, 1})), layout(nodes({3, 4, 1})), "node-1");
}

TEST(Layout, SpreadsSixteenShardsOverThreeNodesEvenly) {
  const auto made = make_layout(16, {{"a", "", 1}, {"b", "", 1}, {"c", "", 1}}, {});
  ASSERT_TRUE(made);
  std::map<std::string, int> taken;
  for (const std::string& home : homes_of(*made)) ++taken[home];
  EXPECT_EQ(taken, (std::map<std::string, int>{{"a", 6}, {"b", 5}, {"c", 5}}));
}

TEST(Layout, PinnedShardsCountForTheirNode) {
  const auto made =
      make_layout(6, nodes({1, 1, 0}),
                  {{0, "node-0"}, {1, "node-0"}, {2, "node-0"}, {3, "node-0"}, {5, "node-2"}});
  ASSERT_TRUE(made);
  EXPECT_EQ(homes_of(*made),
            (std::vector<std::string>{"node-0", "node-0", "node-0", "node-0", "node-1", "node-2"}));
}

TEST(Layout, DoesNotDependOnTheOrderInWhichNodesAreConfigured) {
  std::vector<PlacedNode> turned = nodes({3, 2, 1});
  std::swap(turned.front(), turned.back());
  EXPECT_EQ(homes_of(layout(nodes({3, 2, 1}))), homes_of(layout(turned)));
}

TEST(Layout, ComputesThePinnedHomes) {
  const auto made = make_layout(32, {{"a", "", 1}, {"b", "", 2}, {"c", "", 3}}, {});
  ASSERT_TRUE(made);
  std::string homes;
  for (const std::string& home : homes_of(*made)) homes += home;
  EXPECT_EQ(homes, "bcccbabbbcbbbcabccbcbccacccaccac")
      << "nodes of two versions would have different layouts";
}

void expect_refused(const Result<Layout>& made, const std::string& why) {
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, ErrorCode::invalid_argument);
  EXPECT_NE(made.error().message.find(why), std::string::npos) << made.error().message;
}

TEST(Layout, RefusesInvalidLayouts) {
  expect_refused(make_layout(0, nodes({1}), {}), "expected 1 to 65536 shards, got 0");
  expect_refused(make_layout(65'537, nodes({1}), {}), "got 65537");
  expect_refused(make_layout(4, {}, {}), "no node has a weight above 0");
  expect_refused(make_layout(4, nodes({0, 0}), {}), "no node has a weight above 0");
  expect_refused(make_layout(4, nodes({1'001}), {}), "expected a weight of 0 to 1000, got 1001");
  expect_refused(make_layout(4, {{"a", "", 1}, {"a", "", 1}}, {}), "\"a\" is there twice");
  expect_refused(make_layout(4, {{"", "", 1}}, {}), "has no name");
  expect_refused(make_layout(4, nodes({1}), {{4, "node-0"}}), "shards are 0 to 3");
  expect_refused(make_layout(4, nodes({1}), {{3, "x"}}), "no node is named \"x\"");
}

}  // namespace
}  // namespace millrace::placement
