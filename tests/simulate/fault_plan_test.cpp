// The fault plan is a function of the seed, and its kills hit each phase of a run: any moment of
// the load, its end, and recoveries.
#include "apps/simulate/plan/fault_plan.hpp"

#include <algorithm>
#include <cstdlib>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace millrace::simulate {
namespace {

TEST(FaultPlan, HasTheRequestedNumberOfFaultsOrderedByProgress) {
  for (const std::uint32_t count : {0u, 1u, 2u, 3u, 20u, 500u}) {
    for (const std::uint64_t orders : {1u, 1'000u}) {
      const auto plan = plan_faults({.seed = 7, .orders = orders, .kills = count});
      ASSERT_EQ(plan.size(), count);
      EXPECT_TRUE(plan.empty() || !plan[0].is_after_start)
          << "no fault before it that a node could recover from";
      for (std::size_t i = 0; i < plan.size(); ++i) {
        EXPECT_LE(plan[i].finished, orders);
        EXPECT_GE(plan[i].delay_us, 0);
        EXPECT_LE(plan[i].delay_us, 1'000'000);
        EXPECT_LE(plan[i == 0 ? 0 : i - 1].finished, plan[i].finished);
      }
    }
  }
}

TEST(FaultPlan, ReachesEveryPhase) {
  constexpr std::uint64_t orders = 1'000;
  std::set<std::uint64_t> tenths;
  std::size_t at_end = 0;
  std::size_t after_start = 0;
  DurationUs soonest_us = 1'000'000;
  DurationUs latest_us = 0;
  for (const FaultMoment& moment : plan_faults({.seed = 3, .orders = orders, .kills = 300})) {
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
  EXPECT_GT(at_end, 10u) << "kills during the drain and the last checkpoint";
  EXPECT_GT(after_start, 60u);
  EXPECT_LT(soonest_us, 5'000) << "kills during recovery";
  EXPECT_GT(latest_us, 500'000) << "kills shortly after recovery";
}

TEST(FaultPlan, IsAFunctionOfTheSeed) {
  const auto finished = [](std::uint64_t seed) {
    std::vector<std::uint64_t> numbers;
    for (const FaultMoment& moment : plan_faults({.seed = seed, .orders = 100'000, .kills = 10})) {
      numbers.push_back(moment.finished);
    }
    return numbers;
  };
  EXPECT_EQ(finished(1), finished(1));
  EXPECT_NE(finished(1), finished(2));
}

TEST(FaultPlan, UsesTheKindsInTurn) {
  const auto plan = plan_faults({.seed = 5,
                                 .orders = 1'000,
                                 .nodes = 3,
                                 .kinds = {FaultKind::pause, FaultKind::partition},
                                 .count = 7});
  ASSERT_EQ(plan.size(), 7u);
  std::size_t pauses = 0;
  for (const FaultMoment& moment : plan) {
    pauses += moment.kind == FaultKind::pause ? 1 : 0;
    EXPECT_LT(moment.node, 3u);
    EXPECT_LT(moment.peer, 3u);
    EXPECT_NE(moment.node, moment.peer);
    EXPECT_GT(moment.duration_us, 0);
    EXPECT_LE(moment.duration_us, 8'000'001);
  }
  EXPECT_EQ(pauses, 4u);
}

TEST(FaultPlan, SetsClocksByUpToADayBothWays) {
  constexpr DurationUs day_us = 86'400'000'000;
  std::size_t back = 0;
  std::size_t at_all = 0;
  std::size_t corrected = 0;
  const auto plan = plan_faults(
      {.seed = 4, .orders = 1'000, .nodes = 3, .kinds = {FaultKind::clock}, .count = 200});
  ASSERT_EQ(plan.size(), 200u);
  DurationUs largest_us = 0;
  for (const FaultMoment& moment : plan) {
    const DurationUs size_us = std::abs(moment.clock_us);
    EXPECT_GE(size_us, 1'000);
    EXPECT_LE(size_us, day_us);
    largest_us = std::max(largest_us, size_us);
    back += moment.clock_us < 0 ? 1 : 0;
    at_all += moment.is_at_all ? 1 : 0;
    corrected += moment.is_corrected ? 1 : 0;
  }
  EXPECT_GT(largest_us, day_us / 4);
  for (const std::size_t count : {back, at_all, corrected}) {
    EXPECT_GT(count, 40u);
    EXPECT_LT(count, 160u);
  }
}

TEST(FaultPlan, RestoresWhileWorkIsLeft) {
  for (const FaultMoment& moment : plan_faults(
           {.seed = 4, .orders = 1'000, .nodes = 3, .kinds = {FaultKind::restore}, .count = 50})) {
    EXPECT_LE(moment.finished, 500u);
  }
}

std::vector<FaultMoment> plan_of(FaultKind kind, DurationUs lease_us = 0) {
  return plan_faults({.seed = 4,
                      .orders = 1'000,
                      .nodes = 3,
                      .kinds = {kind},
                      .count = 200,
                      .lease_us = lease_us});
}

TEST(FaultPlan, PausesHalfOfTheTimeBeyondTheLease) {
  constexpr DurationUs lease_us = 3'000'000;
  std::size_t beyond = 0;
  for (const FaultMoment& moment : plan_of(FaultKind::pause, lease_us)) {
    beyond += moment.duration_us > lease_us ? 1 : 0;
    EXPECT_LE(moment.duration_us, 8'000'001);
  }
  EXPECT_GT(beyond, 80u);
  EXPECT_LT(beyond, 160u);
}

TEST(FaultPlan, HasBothVariantsOfFailoversAndCuts) {
  std::size_t runs_on = 0;
  for (const FaultMoment& moment : plan_of(FaultKind::db_failover)) runs_on += moment.runs_on;
  std::size_t silent = 0;
  for (const FaultMoment& moment : plan_of(FaultKind::db_cut)) silent += moment.is_silent;
  for (const std::size_t count : {runs_on, silent}) {
    EXPECT_GT(count, 60u);
    EXPECT_LT(count, 140u);
  }
}

TEST(FaultPlan, LetsFaultsOfServersLast) {
  for (const FaultKind kind : {FaultKind::db_restart, FaultKind::db_failover, FaultKind::db_pause,
                               FaultKind::db_cut, FaultKind::standby_loss, FaultKind::destroy}) {
    std::set<std::uint32_t> nodes;
    for (const FaultMoment& moment : plan_of(kind)) {
      EXPECT_EQ(moment.kind, kind);
      EXPECT_FALSE(moment.is_after_start);
      EXPECT_GE(moment.duration_us, 49'999);
      EXPECT_LE(moment.duration_us, 8'000'001);
      nodes.insert(moment.node);
    }
    EXPECT_EQ(nodes.size(), 3u);
  }
}

TEST(FaultPlan, KnowsWhichFaultsNeedServersOfItsOwn) {
  EXPECT_TRUE(is_of_servers(FaultKind::db_failover));
  EXPECT_FALSE(is_of_servers(FaultKind::db_cut)) << "hits a node, beside a fault of the servers";
  EXPECT_TRUE(needs_own_servers(FaultKind::db_cut));
  EXPECT_FALSE(needs_own_servers(FaultKind::destroy));
}

TEST(FaultPlan, NamesOfKindsRoundTrip) {
  std::string all = fault_kinds;
  all += ',';
  for (int number = 0; number <= static_cast<int>(FaultKind::standby_loss); ++number) {
    const auto kind = static_cast<FaultKind>(number);
    EXPECT_EQ(parse_fault_kind(to_string(kind)), kind);
    EXPECT_NE(all.find(std::string(to_string(kind)) + ","), std::string::npos) << to_string(kind);
  }
  EXPECT_EQ(parse_fault_kind("flood"), std::nullopt);
}

}  // namespace
}  // namespace millrace::simulate
