// Promise: a rebalance moves as few shards as possible, only between nodes that are up, until each node
// owns as many shards of each role as its weight gives it.
#include "apps/cli/client/rebalance_plan.hpp"

#include <map>

#include <gtest/gtest.h>

namespace millrace::cli {
namespace {

const std::vector<std::string> abcd{"a", "b", "c", "d"};

/// Shard i belongs to the i-th letter of `homes` and is owned by that of `owners`.
std::vector<OwnedShard> shards(const std::string& owners, const std::string& homes,
                               const std::string& role = "") {
  std::vector<OwnedShard> all;
  for (std::uint32_t i = 0; i < owners.size(); ++i) {
    const std::string owner = owners[i] == '-' ? std::string() : std::string(1, owners[i]);
    all.push_back({{role, i}, owner, std::string(1, homes[i]), abcd});
  }
  return all;
}

std::string text(const std::vector<Move>& moves) {
  std::string all;
  for (const Move& move : moves) {
    all += std::to_string(move.shard.shard) + move.from + move.to + ' ';
  }
  return all;
}

TEST(RebalancePlan, MovesNothingWhereTheNumbersAreRight) {
  EXPECT_EQ(text(plan_rebalance(shards("abab", "baba"), {"a", "b"})), "");
}

TEST(RebalancePlan, GivesAnAddedNodeItsShards) {
  EXPECT_EQ(text(plan_rebalance(shards("aaabbb", "acabcb"), {"a", "b", "c"})), "1ac 4bc ");
}

TEST(RebalancePlan, MovesAsFewAsPossible) {
  // a has two too many, though three of its shards belong to others.
  EXPECT_EQ(plan_rebalance(shards("aaaaab", "aabbba"), {"a", "b"}).size(), 2u);
}

TEST(RebalancePlan, LeavesNodesThatAreDownAsTheyAre) {
  EXPECT_EQ(text(plan_rebalance(shards("aabb", "abcc"), {"a", "b"})), "");
  EXPECT_EQ(text(plan_rebalance(shards("ccaa", "abab"), {"a", "b"})), "2ab ")
      << "c gives nothing while it is down";
}

TEST(RebalancePlan, MovesToOneNodeOnly) {
  EXPECT_EQ(text(plan_rebalance(shards("aaaa", "abcd"), {"a", "b", "c", "d"}, "c")), "2ac ");
}

TEST(RebalancePlan, SkipsShardsWithoutAnOwner) {
  EXPECT_EQ(text(plan_rebalance(shards("-a", "ab"), {"a", "b"})), "1ab ");
}

TEST(RebalancePlan, BalancesEachRoleByItself) {
  std::vector<OwnedShard> all = shards("aa", "ab", "stock");
  for (OwnedShard& shard : shards("bb", "ab", "pay")) all.push_back(shard);
  EXPECT_EQ(plan_rebalance(all, {"a", "b"}).size(), 2u);
}

}  // namespace
}  // namespace millrace::cli
