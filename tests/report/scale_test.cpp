// An axis contains all its values; its ticks are round, in order, few and at the position of their
// label. Checked for maxima of many magnitudes.
#include "apps/report/charts/scale.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace millrace::report {
namespace {

// Returns first, first * factor, first * factor^2, … below `end`.
std::vector<double> powers(double first, double end, double factor) {
  std::vector<double> values;
  while (first < end) {
    values.push_back(first);
    first *= factor;
  }
  return values;
}

void expect_readable(const Scale& scale, std::size_t ticks_max) {
  ASSERT_GE(scale.ticks.size(), 2u);
  EXPECT_LE(scale.ticks.size(), ticks_max);
  std::set<std::string> labels;
  double last = -1;
  for (const Tick& tick : scale.ticks) {
    EXPECT_GT(tick.position, last);
    EXPECT_LE(tick.position, 1 + 1e-9);
    EXPECT_TRUE(labels.insert(tick.label).second) << tick.label << " is a duplicate label";
    last = tick.position;
  }
}

TEST(Scale, ContainsValuesOfEveryMagnitude) {
  for (const double top : powers(0.5, 1e12, 1.7)) {
    SCOPED_TRACE(top);
    for (const Scale& scale : {count_scale(top), bytes_scale(top)}) {
      expect_readable(scale, 7);
      EXPECT_LE(scale.position(top), 1);
      EXPECT_DOUBLE_EQ(scale.position(0), 0);
      EXPECT_DOUBLE_EQ(scale.ticks.back().position, 1);
    }
  }
}

TEST(Scale, TheMaximumIsInTheUpperHalf) {
  for (const double top : powers(5, 1e9, 1.7))
    EXPECT_GT(count_scale(top).position(top), 0.5) << top;
}

TEST(Scale, DurationsAreLogarithmic) {
  const Scale scale = duration_scale(800, 90'000);
  expect_readable(scale, 10);
  EXPECT_NEAR(scale.position(10'000) - scale.position(1'000),
              scale.position(100'000) - scale.position(10'000), 1e-9);
  const auto tick = std::find_if(scale.ticks.begin(), scale.ticks.end(),
                                 [](const Tick& one) { return one.label == "10 ms"; });
  ASSERT_NE(tick, scale.ticks.end());
  EXPECT_NEAR(tick->position, scale.position(10'000), 1e-9);
  expect_readable(duration_scale(1, 3.6e9), 11);
  expect_readable(duration_scale(0, 0), 10);
}

TEST(Scale, TimeEndsWithTheRun) {
  for (const double end : powers(0.3, 200'000, 1.3)) {
    SCOPED_TRACE(end);
    const Scale scale = time_scale(end);
    expect_readable(scale, 10);
    EXPECT_DOUBLE_EQ(scale.position(end), 1);
  }
}

TEST(Scale, EachNineHasTheSameWidth) {
  const Scale scale = percentile_scale(100'000);
  expect_readable(scale, 8);
  EXPECT_NEAR(scale.position(0.99) - scale.position(0.9),
              scale.position(0.999) - scale.position(0.99), 1e-9);
  EXPECT_EQ(scale.ticks.back().label, "99.999 %");
  EXPECT_NEAR(scale.ticks.back().position, 1, 1e-9);
}

}  // namespace
}  // namespace millrace::report
