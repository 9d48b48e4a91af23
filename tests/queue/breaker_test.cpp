// Promise: a breaker opens when most outcomes within its window are failures, lets one message at a time
// through with growing pauses, and more and more after the first success. Checked by what take() gives.
#include "actors/queue/breaker/breaker.hpp"

#include <gtest/gtest.h>

namespace millrace::queues {
namespace {

constexpr DurationUs second_us = 1'000'000;

class BreakerTest : public ::testing::Test {
 protected:
  BreakerTest() : breaker(BreakerOptions{}) {}

  [[nodiscard]] Now now() const { return {wall_us + steady_us, steady_us}; }
  bool handled(std::uint64_t succeeded, std::uint64_t failed) {
    return breaker.handled(succeeded, failed, now(), 0);
  }
  void end(ProbeResult result, std::uint64_t jitter = 20) {
    breaker.ended(result, steady_us, jitter);
  }
  /// Waits for the next probe, and returns how long that took.
  DurationUs await_probe() {
    const auto due_us = breaker.next_us();
    EXPECT_TRUE(due_us);
    const DurationUs waited_us = std::max<DurationUs>(*due_us - steady_us, 0);
    if (waited_us > 0) {
      steady_us = *due_us - 1;
      EXPECT_EQ(breaker.take(10, steady_us), 0u) << "the pause is over too early";
      steady_us = *due_us;
    }
    EXPECT_EQ(breaker.take(10, steady_us), 1u) << "one at a time";
    return waited_us;
  }

  Breaker breaker;
  TimeUs wall_us = 1'800'000'000'000'000;
  SteadyUs steady_us = 7'000'000'000;
};

TEST_F(BreakerTest, OpensWhenMostOfEnoughOutcomesFail) {
  EXPECT_FALSE(handled(0, 19)) << "too few";
  EXPECT_TRUE(handled(0, 1));
  EXPECT_EQ(breaker.phase(), Breaker::Phase::open);
  EXPECT_EQ(breaker.open_since_us(), now().wall_us);
  EXPECT_EQ(breaker.trips(), 1u);
}

TEST_F(BreakerTest, StaysClosedWhileFewerFail) {
  EXPECT_FALSE(handled(51, 49));
  EXPECT_TRUE(handled(0, 2));
}

TEST_F(BreakerTest, ForgetsWhatIsOlderThanItsWindow) {
  EXPECT_FALSE(handled(0, 19));
  steady_us += 33 * second_us;
  EXPECT_FALSE(handled(0, 19));
  steady_us += 15 * second_us;
  EXPECT_TRUE(handled(0, 1));
}

TEST_F(BreakerTest, NeverOpensWhereItIsSwitchedOff) {
  breaker = Breaker(BreakerOptions{.failures_percent = 0});
  EXPECT_FALSE(handled(0, 1'000'000));
  breaker.open_again(wall_us, steady_us);
  EXPECT_TRUE(breaker.is_closed());
}

TEST_F(BreakerTest, TriesOneAtATimeWithGrowingPauses) {
  ASSERT_TRUE(handled(0, 20));
  EXPECT_EQ(await_probe(), 400'000) << "80 % of the first pause, by this jitter";
  EXPECT_EQ(breaker.take(10, steady_us + 3'600 * second_us), 0u) << "the probe runs still";
  EXPECT_EQ(breaker.next_us(), std::nullopt);
  for (const DurationUs pause_us : {1'000'000, 2'000'000, 4'000'000, 4'000'000}) {
    end(ProbeResult::failed);
    EXPECT_EQ(await_probe(), pause_us);
  }
}

TEST_F(BreakerTest, TakesAProbeThatSaysNothingAgain) {
  ASSERT_TRUE(handled(0, 20));
  await_probe();
  end(ProbeResult::nothing);
  EXPECT_EQ(await_probe(), 0);
}

TEST_F(BreakerTest, DoublesWhatItLetsThroughUntilItIsClosed) {
  ASSERT_TRUE(handled(0, 20));
  await_probe();
  end(ProbeResult::succeeded);
  std::uint32_t succeeded = 1;
  for (const std::uint32_t round : {2u, 4u, 8u, 16u}) {
    EXPECT_EQ(breaker.phase(), Breaker::Phase::recovering);
    EXPECT_EQ(breaker.take(1'000, steady_us), round);
    for (std::uint32_t i = 0; i < round; ++i, ++succeeded) end(ProbeResult::succeeded);
  }
  EXPECT_EQ(succeeded, 31u);
  EXPECT_EQ(breaker.take(1, steady_us), 1u);
  end(ProbeResult::succeeded);
  EXPECT_TRUE(breaker.is_closed());
  EXPECT_EQ(breaker.open_since_us(), 0);
  EXPECT_FALSE(handled(0, 19)) << "the outcomes from before it opened count no more";
}

TEST_F(BreakerTest, OpensAgainWhenMostProbesFail) {
  ASSERT_TRUE(handled(0, 20));
  await_probe();
  end(ProbeResult::succeeded);
  EXPECT_EQ(breaker.take(2, steady_us), 2u);
  end(ProbeResult::failed);
  EXPECT_EQ(breaker.phase(), Breaker::Phase::open) << "one of two";
  EXPECT_EQ(breaker.next_us(), std::nullopt) << "the other probe runs still";
  end(ProbeResult::nothing);
  EXPECT_EQ(await_probe(), 1'000'000) << "twice the pause before";
}

TEST_F(BreakerTest, ToleratesFewFailuresWhileItRecovers) {
  ASSERT_TRUE(handled(0, 20));
  await_probe();
  for (int i = 0; i < 4; ++i) {
    end(ProbeResult::succeeded);
    ASSERT_GE(breaker.take(1, steady_us), 1u);
  }
  end(ProbeResult::failed);
  EXPECT_EQ(breaker.phase(), Breaker::Phase::recovering);
}

TEST_F(BreakerTest, ThatWasOpenTriesAtOnceAfterARestart) {
  breaker.open_again(wall_us, steady_us);
  EXPECT_EQ(breaker.open_since_us(), wall_us);
  EXPECT_EQ(await_probe(), 0);
  end(ProbeResult::failed);
  EXPECT_EQ(await_probe(), 1'000'000);
}

TEST_F(BreakerTest, CountsProbesThatEndAfterItHasClosed) {
  ASSERT_TRUE(handled(0, 20));
  await_probe();
  end(ProbeResult::succeeded);
  std::uint32_t running = 0;
  for (std::uint32_t succeeded = 1; !breaker.is_closed(); ++succeeded) {
    running += breaker.take(1'000, steady_us);
    --running;
    end(ProbeResult::succeeded);
  }
  for (; running > 0; --running) end(ProbeResult::failed);
  EXPECT_TRUE(breaker.is_closed());
  ASSERT_TRUE(handled(0, 20));
  await_probe();
}

}  // namespace
}  // namespace millrace::queues
