// Promise: shards are spread by weight, all nodes compute the same homes, and a change of the nodes
// changes as few homes as possible. Checked by statistics over many shards and by pinned values.
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

void expect_balanced(const std::vector<std::uint32_t>& weights) {
  double sum = 0;
  for (const std::uint32_t weight : weights) sum += weight;
  std::map<std::string, double> taken;
  const Layout placed = layout(nodes(weights));
  for (std::uint32_t shard = 0; shard < shards; ++shard) taken[home_of(placed, shard).name] += 1;
  for (const PlacedNode& node : placed.nodes) {
    const double share = node.weight / sum;
    const double deviation = std::sqrt(shards * share * (1 - share));
    EXPECT_NEAR(taken[node.name], shards * share, 4.5 * deviation + 0.5) << node.name;
  }
}

TEST(Layout, SpreadsShardsByWeight) {
  expect_balanced({1, 1, 1});
  expect_balanced({1, 2, 3, 4});
  expect_balanced({1'000, 1, 10, 100});
  expect_balanced({5, 0, 5});
  expect_balanced(std::vector<std::uint32_t>(50, 7));
}

// Expects each shard with a different home to have its old or new home at node `changed`.
void expect_relocations_only(const Layout& before, const Layout& after, const std::string& changed,
                             bool gains) {
  std::uint32_t moved = 0;
  for (std::uint32_t shard = 0; shard < shards; ++shard) {
    const std::string& from = home_of(before, shard).name;
    const std::string& to = home_of(after, shard).name;
    if (from == to) continue;
    ++moved;
    EXPECT_EQ(gains ? to : from, changed) << "shard " << shard;
  }
  EXPECT_GT(moved, 0u);
}

TEST(Layout, MovesOnlyToANodeThatIsAdded) {
  expect_relocations_only(layout(nodes({3, 2, 1})), layout(nodes({3, 2, 1, 2})), "node-3", true);
}

TEST(Layout, MovesOnlyFromANodeThatIsRemoved) {
  expect_relocations_only(layout(nodes({3, 2, 1, 2})), layout(nodes({3, 2, 1})), "node-3", false);
  expect_relocations_only(layout(nodes({3, 2, 1})), layout(nodes({3, 0, 1})), "node-1", false);
}

TEST(Layout, MovesOnlyToOrFromANodeWhoseWeightChanges) {
  expect_relocations_only(layout(nodes({3, 2, 1})), layout(nodes({3, 4, 1})), "node-1", true);
  expect_relocations_only(layout(nodes({3, 4, 1})), layout(nodes({3, 2, 1})), "node-1", false);
}

TEST(Layout, OverridesAShardAndNoOther) {
  const Layout plain = layout(nodes({1, 1, 1}));
  const Layout overridden = layout(nodes({1, 1, 1}), {{7, "node-0"}, {8, "node-1"}});
  EXPECT_EQ(home_of(overridden, 7).name, "node-0");
  EXPECT_EQ(home_of(overridden, 8).name, "node-1");
  for (std::uint32_t shard = 9; shard < shards; ++shard) {
    ASSERT_EQ(home_of(plain, shard).name, home_of(overridden, shard).name);
  }
}

TEST(Layout, DoesNotDependOnTheOrderInWhichNodesAreConfigured) {
  std::vector<PlacedNode> turned = nodes({3, 2, 1});
  std::swap(turned.front(), turned.back());
  for (std::uint32_t shard = 0; shard < shards; ++shard) {
    ASSERT_EQ(home_of(layout(nodes({3, 2, 1})), shard).name, home_of(layout(turned), shard).name);
  }
}

TEST(Layout, ComputesThePinnedHomes) {
  const Layout placed = layout({{"a", "", 1}, {"b", "", 2}, {"c", "", 3}});
  std::string homes;
  for (std::uint32_t shard = 0; shard < 32; ++shard) homes += home_of(placed, shard).name;
  EXPECT_EQ(homes, "bcccbabbbcbbbcabccbcbcbbbcbacbab")
      << "nodes of two versions would place shards differently";
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
