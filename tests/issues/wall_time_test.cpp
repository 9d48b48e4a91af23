// Promise: the wall time follows a clock that is set forwards or far back, and stands still while one
// that was set back a little catches up; sums with durations do not overflow.
#include "actors/base/wall_time.hpp"

#include <limits>

#include <gtest/gtest.h>

#include "actors/base/clock.hpp"

namespace millrace {
namespace {

constexpr TimeUs noon_us = 1'700'000'000'000'000;
constexpr DurationUs second_us = 1'000'000;

TEST(WallTime, FollowsAClockThatIsSetForwardsOrFarBack) {
  WallTime time;
  const auto shows = [&time](TimeUs at_us) {
    return time.follow([at_us] { return at_us; });
  };
  EXPECT_EQ(shows(noon_us), noon_us);
  EXPECT_EQ(shows(noon_us + 3'600 * second_us), noon_us + 3'600 * second_us);
  EXPECT_EQ(shows(noon_us), noon_us);
  EXPECT_EQ(shows(noon_us - second_us - 1), noon_us - second_us - 1);
}

TEST(WallTime, StandsStillWhileAClockThatWasSetBackALittleCatchesUp) {
  WallTime time;
  const auto shows = [&time](TimeUs at_us) {
    return time.follow([at_us] { return at_us; });
  };
  EXPECT_EQ(shows(noon_us), noon_us);
  EXPECT_EQ(shows(noon_us - second_us), noon_us);
  EXPECT_EQ(shows(noon_us - 1), noon_us);
  EXPECT_EQ(shows(noon_us + 1), noon_us + 1);
}

TEST(SystemClock, CountsTheTimeOfASuspensionAndHasNoStepsOfItsOwn) {
  const SystemClock clock;
  const Now before = clock.now();
  Now after = clock.now();
  while (after.steady_us == before.steady_us) after = clock.now();
  EXPECT_GT(after.steady_us, before.steady_us);
  EXPECT_GE(after.wall_us, before.wall_us);
  EXPECT_EQ(clock.steps(), 0u);
}

TEST(TimeAfter, EndsAtTheEndOfTime) {
  constexpr DurationUs never = std::numeric_limits<DurationUs>::max();
  EXPECT_EQ(time_after(noon_us, 5), noon_us + 5);
  EXPECT_EQ(time_after(noon_us, -5), noon_us - 5);
  EXPECT_EQ(time_after(noon_us, never), time_max_us);
  EXPECT_EQ(time_after(time_max_us, never), time_max_us);
  EXPECT_EQ(time_after(0, time_max_us), time_max_us);
  EXPECT_EQ(time_after(-1, std::numeric_limits<DurationUs>::min()),
            std::numeric_limits<TimeUs>::min());
}

}  // namespace
}  // namespace millrace
