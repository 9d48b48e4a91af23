// Promise: tables that have heard the same agree, whatever the order and number of times; a refusal
// leads a sender to the owner; and no change of configuration makes a second first owner.
#include <algorithm>
#include <random>

#include <gtest/gtest.h>

#include "cluster/placement/founding_core.hpp"
#include "cluster/placement/placement_table_core.hpp"

namespace millrace::placement {
namespace {

const std::vector<PlacedNode> three{
    {"a", "host-a:1", 1}, {"b", "host-b:1", 1}, {"c", "host-c:1", 1}};

PlacementTable table(std::vector<PlacedNode> nodes = three,
                     std::map<std::uint32_t, std::string> overrides = {}) {
  return make_table(*make_layout(8, std::move(nodes), std::move(overrides)));
}

pb::Ownership owned(const std::string& owner, std::uint64_t epoch) {
  pb::Ownership ownership;
  ownership.set_owner(owner);
  ownership.set_epoch(epoch);
  return ownership;
}

pb::NodeId node(const std::string& name, std::uint64_t incarnation) {
  pb::NodeId id;
  id.set_name(name);
  id.set_incarnation(incarnation);
  return id;
}

std::string text(const PlacementTable& table) {
  return gossip(table, node("x", 1), 1).SerializeAsString();
}

TEST(PlacementTable, ConvergesInAnyOrderOfAnyNumberOfReports) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    std::mt19937_64 random(seed);
    std::vector<std::pair<std::uint32_t, pb::Ownership>> history;
    for (std::uint32_t shard = 0; shard < 8; ++shard) {
      const std::uint64_t moves = random() % 6;
      for (std::uint64_t epoch = 1; epoch <= moves; ++epoch) {
        history.emplace_back(shard, owned(three[random() % 3].name, epoch));
      }
    }
    PlacementTable in_order = table();
    for (const auto& [shard, ownership] : history) {
      ASSERT_TRUE(*learn(in_order, shard, ownership)) << "each move is news";
    }
    auto shuffled = history;
    shuffled.insert(shuffled.end(), history.begin(), history.end());
    std::shuffle(shuffled.begin(), shuffled.end(), random);
    PlacementTable other = table();
    for (const auto& [shard, ownership] : shuffled) ASSERT_TRUE(learn(other, shard, ownership));
    ASSERT_EQ(text(in_order), text(other)) << "seed " << seed;
  }
}

TEST(PlacementTable, ARefusalLeadsToTheOwner) {
  PlacementTable sender = table();
  PlacementTable refusing = table();
  ASSERT_TRUE(*learn(sender, 3, owned("a", 1)));
  ASSERT_TRUE(*learn(refusing, 3, owned("b", 2)));
  const pb::NotOwner refused = not_owner(refusing, 3);
  EXPECT_EQ(refused.address(), "host-b:1");
  EXPECT_EQ(refusal(refused).code, ErrorCode::not_owner);
  EXPECT_EQ(refusal(refused).message, "shard 3 is served by \"b\" at host-b:1 since epoch 2");
  EXPECT_TRUE(*learn(sender, refused.shard(), refused.ownership()));
  EXPECT_EQ(route(sender, 3), "b");
}

TEST(PlacementTable, AStaleRefusalLeadsNowhere) {
  PlacementTable sender = table();
  ASSERT_TRUE(*learn(sender, 3, owned("b", 2)));
  EXPECT_FALSE(*learn(sender, 3, owned("a", 1)));
  EXPECT_EQ(route(sender, 3), "b");
}

TEST(PlacementTable, RoutesHomeWhileNoOwnerIsKnown) {
  const PlacementTable empty = table();
  EXPECT_EQ(route(empty, 3), home_of(empty.layout, 3).name);
  EXPECT_EQ(refusal(not_owner(empty, 3)).message,
            "shard 3 is not served here, nor is an owner known");
}

TEST(PlacementTable, RefusesWhatItCannotKnow) {
  PlacementTable some = table();
  ASSERT_TRUE(*learn(some, 3, owned("b", 2)));
  EXPECT_EQ(learn(some, 8, owned("b", 2)).error().code, ErrorCode::not_found);
  EXPECT_EQ(learn(some, 3, owned("x", 9)).error().code, ErrorCode::not_found);
  EXPECT_EQ(learn(some, 3, owned("b", 0)).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(learn(some, 3, owned("c", 2)).error().code, ErrorCode::fenced);
  EXPECT_EQ(route(some, 3), "b");
}

TEST(PlacementTable, PlansTheMovesThatBringShardsHome) {
  PlacementTable some = table(three, {{0, "a"}, {1, "b"}});
  ASSERT_TRUE(*learn(some, 0, owned("a", 1)));
  ASSERT_TRUE(*learn(some, 1, owned("c", 4)));
  EXPECT_EQ(misplaced(some), (std::vector<Misplaced>{{1, "c", "b"}}));
}

TEST(Founding, WaitsForEveryNode) {
  PlacementTable a = table(three, {{0, "a"}});
  Founding founding{.self = node("a", 5), .answered = {}};
  EXPECT_TRUE(foundable(founding, a).empty());
  ASSERT_TRUE(answered(founding, a, gossip(table(three, {{0, "a"}}), node("b", 1), 5)));
  EXPECT_TRUE(foundable(founding, a).empty());
  ASSERT_TRUE(answered(founding, a, gossip(table(three, {{0, "a"}}), node("c", 1), 5)));
  const auto shards = foundable(founding, a);
  ASSERT_FALSE(shards.empty());
  for (const std::uint32_t shard : shards) EXPECT_EQ(home_of(a.layout, shard).name, "a");
}

TEST(Founding, ALoneNodeTakesAll) {
  const PlacementTable alone = table({{"a", "", 1}});
  EXPECT_EQ(foundable({.self = node("a", 1), .answered = {}}, alone).size(), 8u);
}

TEST(Founding, LeavesAShardToAnOwnerThatAnybodyKnows) {
  PlacementTable a = table(three, {{0, "a"}});
  PlacementTable b = table(three, {{0, "a"}});
  ASSERT_TRUE(*learn(b, 0, owned("c", 1)));
  Founding founding{.self = node("a", 5), .answered = {}};
  ASSERT_TRUE(answered(founding, a, gossip(b, node("b", 1), 5)));
  ASSERT_TRUE(answered(founding, a, gossip(table(three, {{0, "a"}}), node("c", 1), 5)));
  for (const std::uint32_t shard : foundable(founding, a)) EXPECT_NE(shard, 0u);
}

TEST(Founding, CountsNoAnswerToAnotherRunOrFromAnotherLayout) {
  PlacementTable a = table();
  Founding founding{.self = node("a", 5), .answered = {}};
  ASSERT_TRUE(answered(founding, a, gossip(table(), node("b", 1), 4)));
  EXPECT_TRUE(founding.answered.empty());
  const auto other = answered(founding, a, gossip(table(three, {{0, "a"}}), node("b", 1), 5));
  EXPECT_EQ(other.error().code, ErrorCode::invalid_argument);
  EXPECT_TRUE(founding.answered.empty());
}

}  // namespace
}  // namespace millrace::placement
