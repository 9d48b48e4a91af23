// Promises of the cores under every order of events: what was confirmed, or found by an owner, is found by
// every later one, once and in its order. Checked on thousands of seeds; and each planted fault is found.
#include "tests/postgres_log/takeover_model.hpp"

#include <cstdint>
#include <iostream>
#include <string>

#include <gtest/gtest.h>

namespace millrace::postgres_log {
namespace {

constexpr int steps = 400;

// The first of `seeds` seeds that finds something wrong; 0: none does.
std::uint64_t first_finding(Planted planted, std::uint64_t seeds, std::string& wrong) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    wrong = TakeoverModel(seed, planted).run(steps);
    if (!wrong.empty()) return seed;
  }
  return 0;
}

TEST(TakeoverModel, LosesAndRepeatsNothing) {
  TakeoverModel::Counts all;
  for (std::uint64_t seed = 1; seed <= 5'000; ++seed) {
    TakeoverModel model(seed, Planted::none);
    const std::string wrong = model.run(steps);
    ASSERT_EQ(wrong, "") << "seed " << seed;
    const TakeoverModel::Counts& counts = model.counts();
    all.confirmed += counts.confirmed;
    all.takeovers += counts.takeovers;
    all.failovers += counts.failovers;
    all.settled += counts.settled;
    all.cut_rows += counts.cut_rows;
    all.fenced += counts.fenced;
    all.warm += counts.warm;
    all.followed += counts.followed;
  }
  // The model reaches what it is about.
  EXPECT_GT(all.confirmed, 50'000u);
  EXPECT_GT(all.takeovers, 5'000u);
  EXPECT_GT(all.failovers, 5'000u);
  EXPECT_GT(all.settled, 1'000u);
  EXPECT_GT(all.cut_rows, 100u);
  EXPECT_GT(all.fenced, 100u);
  EXPECT_GT(all.warm, 1'000u);
  EXPECT_GT(all.followed, 10'000u);
  std::cout << "confirmed " << all.confirmed << ", takeovers " << all.takeovers << ", failovers "
            << all.failovers << ", settled " << all.settled << ", rows cut " << all.cut_rows
            << ", owners fenced " << all.fenced << ", warm takeovers " << all.warm << " with "
            << all.followed << " records\n";
}

struct Fault {
  const char* name;
  Planted planted;
  friend void PrintTo(const Fault& fault, std::ostream* out) { *out << fault.name; }
};

class TakeoverModelFinds : public ::testing::TestWithParam<Fault> {};

TEST_P(TakeoverModelFinds, ThePlantedFault) {
  std::string wrong;
  const std::uint64_t seed = first_finding(GetParam().planted, 5'000, wrong);
  EXPECT_NE(seed, 0u) << "no seed finds it";
  std::cout << "seed " << seed << ": " << wrong << '\n';
}

INSTANTIATE_TEST_SUITE_P(
    , TakeoverModelFinds,
    ::testing::Values(Fault{"EpochNotChecked", Planted::epoch_not_checked},
                      Fault{"LeaseInsteadOfEpoch", Planted::lease_instead_of_epoch},
                      Fault{"LockNotWaitedFor", Planted::lock_not_waited_for},
                      Fault{"GapNotCut", Planted::gap_not_cut},
                      Fault{"RowIsEnough", Planted::row_is_enough},
                      Fault{"MarkerBeforeRows", Planted::marker_before_rows},
                      Fault{"OutOfOrder", Planted::out_of_order},
                      Fault{"WarningIgnored", Planted::warning_ignored},
                      Fault{"ServerNotCompared", Planted::server_not_compared},
                      Fault{"GapFollowed", Planted::gap_followed}),
    [](const ::testing::TestParamInfo<Fault>& fault) { return fault.param.name; });

}  // namespace
}  // namespace millrace::postgres_log
