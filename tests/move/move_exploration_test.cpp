// Promise: under lost, duplicate, delayed and reordered messages and crashes at any step, a moving
// shard has at most one owner, which has all confirmed offers; once the faults end, one node serves
// the shard. Checked in all reachable states of two nodes and on random walks of three nodes.
#include <cstdlib>
#include <deque>
#include <random>

#include <absl/container/flat_hash_set.h>
#include <gtest/gtest.h>

#include "actors/base/hash_map.hpp"
#include "tests/move/move_world.hpp"

namespace millrace::moves {
namespace {

using Kind = Step::Kind;

void expect_heals(MoveWorld world) {
  EXPECT_EQ(world.heal().size(), 1u) << "no node serves though nothing fails any more";
  EXPECT_TRUE(world.is_settled()) << "a node is in doubt though nothing fails any more";
  EXPECT_EQ(world.broken(), "");
}

// Visits all reachable states; returns their number.
std::size_t explore(Budget budget, std::size_t heal_every) {
  absl::flat_hash_set<MessageId, MessageIdHash> seen;
  std::deque<MoveWorld> waiting{MoveWorld({"a", "b"}, budget)};
  seen.insert(hash_idempotency_key(waiting.front().fingerprint()));
  std::size_t visited = 0;
  while (!waiting.empty() && !::testing::Test::HasFailure()) {
    const MoveWorld world = std::move(waiting.back());
    waiting.pop_back();
    EXPECT_EQ(world.broken(), "");
    if (visited++ % heal_every == 0) expect_heals(world);
    for (const Step& step : world.steps()) {
      MoveWorld next = world;
      next.take(step);
      if (seen.insert(hash_idempotency_key(next.fingerprint())).second) {
        waiting.push_back(std::move(next));
      }
    }
  }
  return visited;
}

TEST(MoveExploration, OneMoveIsSafeInEveryReachableState) {
  const Budget budget{.moves = 1, .cancels = 1, .offers = 1, .failures = 1, .losses = 1};
  RecordProperty("states", std::to_string(explore(budget, 4)));
}

TEST(MoveExploration, TwoMovesAreSafeInEveryReachableState) {
  const Budget budget{.moves = 2, .cancels = 0, .offers = 1, .failures = 0, .losses = 0};
  RecordProperty("states", std::to_string(explore(budget, 20)));
}

// Prefers steps that advance a move to faults and new work, so that walks reach late states.
Step choose(const std::vector<Step>& steps, std::mt19937_64& random) {
  for (;;) {
    const Step& step = steps[random() % steps.size()];
    const bool rare = step.kind == Kind::crash || step.kind == Kind::crash_after_write ||
                      step.kind == Kind::cancel || step.kind == Kind::lose_staging ||
                      step.kind == Kind::prepare_fails;
    if (!rare || random() % 16 == 0) return step;
  }
}

TEST(MoveExploration, RandomWalksOfThreeNodesAreSafeAndHeal) {
  const std::uint64_t walks = 1'000;
  std::uint64_t moved = 0;
  for (std::uint64_t seed = 1; seed <= walks; ++seed) {
    std::mt19937_64 random(seed);
    MoveWorld world({"a", "b", "c"},
                    {.moves = 5, .cancels = 2, .offers = 5, .failures = 2, .losses = 2});
    for (int i = 0; i < 300; ++i) {
      world.take(choose(world.steps(), random));
      ASSERT_EQ(world.broken(), "") << "seed " << seed << ", step " << i;
    }
    SCOPED_TRACE("seed " + std::to_string(seed));
    expect_heals(world);
    ASSERT_FALSE(HasFailure());
    for (const char* name : {"a", "b", "c"}) {
      const Shard& shard = world.node(name).shard;
      if (owns(shard)) moved += shard.record.ownership().epoch() - 1;
    }
  }
  EXPECT_GT(moved, walks / 2) << "the walks do too little to say anything";
}

}  // namespace
}  // namespace millrace::moves
