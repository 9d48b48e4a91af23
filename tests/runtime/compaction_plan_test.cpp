// Promise: a compaction plan takes mostly dead segments, so that compaction writes little, and leaves
// only dense ones, so that the log stays short. Checked by example, and by a simulated log under random loads.
#include "actors/upkeep/compaction_plan.hpp"

#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace millrace {
namespace {

std::vector<SegmentUse> log_of(const std::vector<std::uint64_t>& live) {
  std::vector<SegmentUse> log;
  for (const std::uint64_t bytes : live) {
    log.push_back({static_cast<logs::SegmentNumber>(10 + 2 * log.size()), 100, bytes});
  }
  return log;
}

TEST(CompactionPlan, OfAnEmptyLogIsNothing) {
  EXPECT_EQ(plan_compaction({}, {}), 0u);
}

TEST(CompactionPlan, OneLiveMessageAtTheHeadDoesNotHoldTheRest) {
  EXPECT_EQ(plan_compaction(log_of({1, 0, 0, 0}), {}), 17u);
}

TEST(CompactionPlan, LeavesDenseSegmentsAlone) {
  EXPECT_EQ(plan_compaction(log_of({100, 90, 80}), {}), 0u);
  EXPECT_EQ(plan_compaction(log_of({30}), {}), 0u) << "above a quarter";
  EXPECT_EQ(plan_compaction(log_of({24}), {}), 11u);
}

TEST(CompactionPlan, ADenseSegmentIsNotPaidForByAnEmptyOneBeforeIt) {
  EXPECT_EQ(plan_compaction(log_of({1, 1, 60}), {}), 13u);
}

TEST(CompactionPlan, IncludesADenseHeadIfEnoughIsFreedBehindIt) {
  EXPECT_EQ(plan_compaction(log_of({60, 0, 0, 0, 0, 0, 0}), {}), 23u);
}

TEST(CompactionPlan, IsNothingWhereLittleWouldBeFreed) {
  EXPECT_EQ(plan_compaction(log_of({1}), {.freed_bytes_min = 200}), 0u);
  EXPECT_EQ(plan_compaction(log_of({1, 1}), {.freed_bytes_min = 200}), 13u);
}

TEST(CompactionPlan, FitsIntoTheRemainingRoom) {
  EXPECT_EQ(plan_compaction(log_of({10, 10, 10}), {.moved_bytes_max = 25}), 13u);
  EXPECT_EQ(plan_compaction(log_of({20}), {.moved_bytes_max = 15}), 0u);
}

TEST(CompactionPlan, TakesOneSegmentAtATimeWhenRoomIsShort) {
  const CompactionLimits limits{.live_percent_max = 90, .moved_bytes_max = 110};
  EXPECT_EQ(plan_compaction(log_of({100, 100, 100, 0, 0}), limits), 11u);
  EXPECT_EQ(plan_compaction(log_of({50, 50, 100, 0, 0}), limits), 13u);
  EXPECT_EQ(plan_compaction(log_of({100, 100, 100}), limits), 0u) << "nothing is dead";
}

// Messages of ten bytes with random lifetimes; those of every tenth segment live long.
TEST(CompactionPlan, BoundsWhatIsWrittenAndWhatIsKept) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    std::vector<SegmentUse> log;
    std::uint64_t next = 1;
    std::uint64_t written = 0;
    std::uint64_t moved = 0;
    const std::uint64_t dying_percent = 1 + random() % 60;
    const auto append = [&](std::uint64_t bytes) {
      for (std::uint64_t i = 0; i < bytes; i += 10) {
        if (log.empty() || log.back().live_bytes + 10 > 1'000 || log.back().bytes == 0) {
          log.push_back({static_cast<logs::SegmentNumber>(next++), 1'000, 0});
        }
        log.back().live_bytes += 10;
      }
    };
    for (int round = 0; round < 300; ++round) {
      append(4'000);
      written += 4'000;
      for (SegmentUse& segment : log) {
        const std::uint64_t share = random() % (dying_percent + 1);
        segment.live_bytes -= segment.live_bytes * share / 100 / 10 * 10;
      }
      while (log.size() > 1 && log.front().live_bytes == 0) log.erase(log.begin());
      const std::span<const SegmentUse> settled(log.data(), log.size() - 1);
      const logs::SegmentNumber before = plan_compaction(settled, {});
      std::uint64_t again = 0;
      while (log.size() > 1 && log.front().number < before) {
        again += log.front().live_bytes;
        log.erase(log.begin());
      }
      append(again);
      moved += again;
      std::uint64_t live = 0;
      for (const SegmentUse& segment : log) live += segment.live_bytes;
      EXPECT_LE(log.size() * 1'000, live * 4 + 8'000);
    }
    EXPECT_LE(moved * 3, written + 3'000) << "compaction writes more than a third";
  }
}

}  // namespace
}  // namespace millrace
