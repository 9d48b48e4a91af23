// Kills hit every phase of a run: any moment of the load, its end, and recoveries; by seed.
#include "apps/simulate/crash_plan.hpp"

#include <algorithm>
#include <set>

#include <gtest/gtest.h>

namespace millrace::simulate {
namespace {

TEST(CrashPlan, HasAsManyMomentsAsAskedForInOrderOfProgress) {
  for (const std::uint32_t count : {0u, 1u, 2u, 3u, 20u, 500u}) {
    for (const std::uint64_t orders : {1u, 1'000u}) {
      const auto plan = plan_crashes(7, orders, count);
      ASSERT_EQ(plan.size(), count);
      EXPECT_TRUE(plan.empty() || !plan[0].is_after_start) << "there is nothing to recover from";
      for (std::size_t i = 0; i < plan.size(); ++i) {
        EXPECT_LE(plan[i].finished, orders);
        EXPECT_GE(plan[i].delay_us, 0);
        EXPECT_LE(plan[i].delay_us, 1'000'000);
        EXPECT_LE(plan[i == 0 ? 0 : i - 1].finished, plan[i].finished);
      }
    }
  }
}

TEST(CrashPlan, ReachesEveryPhase) {
  constexpr std::uint64_t orders = 1'000;
  std::set<std::uint64_t> tenths;
  std::size_t at_end = 0;
  std::size_t after_start = 0;
  DurationUs soonest_us = 1'000'000;
  DurationUs latest_us = 0;
  for (const CrashMoment& moment : plan_crashes(3, orders, 300)) {
    if (moment.is_after_start) {
      ++after_start;
      soonest_us = std::min(soonest_us, moment.delay_us);
      latest_us = std::max(latest_us, moment.delay_us);
    } else if (moment.finished == orders) {
      ++at_end;
    } else {
      tenths.insert(moment.finished * 10 / orders);
    }
  }
  EXPECT_EQ(tenths.size(), 10u);
  EXPECT_GT(at_end, 10u) << "while the node drains and writes its last checkpoint";
  EXPECT_GT(after_start, 60u);
  EXPECT_LT(soonest_us, 5'000) << "while the log is read";
  EXPECT_GT(latest_us, 500'000) << "shortly after work has gone on";
}

TEST(CrashPlan, IsAFunctionOfTheSeed) {
  const auto finished = [](std::uint64_t seed) {
    std::vector<std::uint64_t> numbers;
    for (const CrashMoment& moment : plan_crashes(seed, 100'000, 10)) {
      numbers.push_back(moment.finished);
    }
    return numbers;
  };
  EXPECT_EQ(finished(1), finished(1));
  EXPECT_NE(finished(1), finished(2));
}

}  // namespace
}  // namespace millrace::simulate
