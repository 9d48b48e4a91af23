// Promise: a shard gets one owner, whatever crashes, is cut off or has another configuration meanwhile,
// and is never founded again by itself. Checked in a model of the nodes: single cases, and random steps
// with many seeds; planted faults prove that the model finds two owners.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/move/founding_world.hpp"

namespace millrace::moves {
namespace {

using Reason = Wait::Reason;
using Names = std::vector<std::string>;

const WorldLayout two{{"a", "b"}, "a"};
const WorldLayout three{{"a", "b", "c"}, "c"};
const WorldLayout three_at_b{{"a", "b", "c"}, "b"};
const WorldLayout without_b{{"a", "c"}, "a"};

pb::Ownership known(const FoundingWorld& world, const std::string& node) {
  return world.shard(node).record.ownership();
}

TEST(Founding, TheHomeFoundsWhenAllHavePromised) {
  FoundingWorld world(1, {three});
  world.link("a", "c");
  world.settle();
  EXPECT_EQ(world.owners(), Names{});
  EXPECT_EQ(world.wait("c"), (Wait{Reason::peers, "b"}));
  world.heal(0);
  EXPECT_EQ(world.owners(), Names{"c"});
  EXPECT_EQ(world.wait("c"), Wait{});
  for (const char* node : {"a", "b", "c"}) {
    EXPECT_EQ(known(world, node).owner(), "c");
    EXPECT_EQ(known(world, node).epoch(), 1u);
  }
}

TEST(Founding, AFoundedShardNeedsNoOtherNodeAtAStart) {
  FoundingWorld world(1, {three});
  world.heal(0);
  for (const char* node : {"a", "b", "c"}) world.crash(node, true);
  world.start("c", 0);
  EXPECT_EQ(world.owners(), Names{"c"});
  EXPECT_EQ(world.wait("c"), Wait{});
}

TEST(Founding, AnAddedNodeLearnsTheOwnerInsteadOfFounding) {
  FoundingWorld world(1, {two, three});
  world.heal(0);
  ASSERT_EQ(world.owners(), Names{"a"});
  world.start("c", 1);
  world.settle();
  EXPECT_EQ(world.owners(), Names{"a"}) << "nobody has a link to c";
  EXPECT_EQ(world.wait("c"), (Wait{Reason::peers, "a, b"}));
  world.heal(1);
  EXPECT_EQ(world.owners(), Names{"a"});
  EXPECT_EQ(known(world, "c").owner(), "a");
  EXPECT_EQ(world.wait("c"), Wait{});
}

TEST(Founding, NobodyFoundsWhileLayoutsDiffer) {
  FoundingWorld world(1, {three, three_at_b});
  world.crash("b", false);
  world.start("b", 1);
  for (const char* node : {"a", "b"}) world.link(node, "c");
  world.link("a", "b");
  world.settle();
  EXPECT_EQ(world.owners(), Names{});
  EXPECT_EQ(world.wait("c"), (Wait{Reason::layouts, "b"}));
  world.heal(1);
  EXPECT_EQ(world.owners(), Names{"b"});
}

TEST(Founding, AShardOfARemovedNodeWaitsForTheOperator) {
  FoundingWorld world(1, {three, two});
  world.heal(0);
  ASSERT_EQ(world.owners(), Names{"c"});
  world.crash("c", true);
  world.heal(1);
  EXPECT_EQ(known(world, "a").owner(), "c");
  EXPECT_EQ(world.wait("a"), (Wait{Reason::removed, "c"}));
  EXPECT_EQ(world.wait("b"), Wait{}) << "one node says so: the one that would serve it";
  world.give_up("a", "c");
  world.settle();
  EXPECT_EQ(known(world, "a").owner(), "a");
  EXPECT_EQ(known(world, "a").epoch(), 2u);
  EXPECT_EQ(known(world, "b").owner(), "a");
}

TEST(Founding, AReplacedNodeWaitsForTheOperator) {
  FoundingWorld world(1, {three});
  world.heal(0);
  world.crash("c", true);
  world.wipe("c");
  world.heal(0);
  EXPECT_EQ(world.owners(), Names{});
  EXPECT_EQ(world.wait("c"), (Wait{Reason::lost, "a"}));
  world.crash("c", true);
  world.start("c", 0, true);
  world.heal(0);
  EXPECT_EQ(world.owners(), Names{"c"});
  EXPECT_EQ(known(world, "c").epoch(), 2u);
  EXPECT_EQ(known(world, "a").epoch(), 2u);
}

// The founding may be durable although the promised node was never heard of again.
TEST(Founding, APromiseOutlivesTheNodeThatItNames) {
  FoundingWorld world(1, {three, two});
  world.heal(0);
  ASSERT_EQ(world.owners(), Names{"c"});
  FoundingWorld cut_off(1, {three, two});
  for (const char* node : {"a", "b"}) cut_off.link(node, "c");
  while (cut_off.shard("a").record.ownership().owner() != "c" ||
         cut_off.shard("b").record.ownership().owner() != "c") {
    cut_off.step();
    if (!cut_off.owners().empty()) break;
  }
  cut_off.crash("c", false);
  cut_off.heal(1);
  if (cut_off.shard("a").record.ownership().owner() == "c") {
    EXPECT_EQ(cut_off.wait("a"), (Wait{Reason::removed, "c"}));
    EXPECT_EQ(cut_off.owners(), Names{});
  }
}

// Returns the first seed with two owners; 0: there is none.
std::uint64_t first_violation(std::uint64_t seeds, FoundingSabotage sabotage) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    FoundingWorld world(seed, {three, three_at_b, without_b, two}, sabotage);
    for (int i = 0; i < 400; ++i) {
      world.step();
      if (world.owners().size() > 1) return seed;
    }
    world.heal(seed % 2);
    if (world.owners().size() > 1) return seed;
  }
  return 0;
}

TEST(Founding, NeverHasTwoOwners) {
  EXPECT_EQ(first_violation(5'000, FoundingSabotage::none), 0u);
}

TEST(Founding, HasOneOwnerAfterTheFaultsIfAllNodesAreBack) {
  for (std::uint64_t seed = 1; seed <= 2'000; ++seed) {
    FoundingWorld world(seed, {three, three_at_b});
    for (int i = 0; i < 300; ++i) world.step();
    world.heal(seed % 2);
    ASSERT_EQ(world.owners().size(), 1u) << "seed " << seed;
    for (const char* node : {"a", "b", "c"}) {
      ASSERT_EQ(known(world, node).owner(), world.owners().front()) << "seed " << seed;
      ASSERT_EQ(world.wait(node), Wait{}) << "seed " << seed;
    }
  }
}

TEST(Founding, TheModelFindsPlantedFaults) {
  EXPECT_NE(first_violation(5'000, FoundingSabotage::lone_founders), 0u);
  EXPECT_NE(first_violation(5'000, FoundingSabotage::lost_promises), 0u);
}

}  // namespace
}  // namespace millrace::moves
