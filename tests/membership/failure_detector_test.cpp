// Promise: the detector rates silence by the regularity of earlier heartbeats, tolerates a pause
// within the limits, and detects a node that is gone. Checked at exact times, without a clock.
#include <gtest/gtest.h>

#include "cluster/membership/core/failure_detector_core.hpp"
#include "tests/membership/second.hpp"

namespace millrace::membership {
namespace {

// Returns a detector after a first heartbeat at time 0 and `beats` more, one each `interval`.
FailureDetector after(int beats, DurationUs interval, DurationUs jitter = 0) {
  FailureDetector detector({}, 0);
  for (int i = 1; i <= beats; ++i) detector.heartbeat(i * interval + (i % 2 == 0 ? jitter : 0));
  return detector;
}

// Returns the silence after `from` until the node is unreachable, to 10 ms.
DurationUs silence_until_gone(const FailureDetector& detector, TimeUs from) {
  for (DurationUs silence = 0; silence < 3'600 * second; silence += second / 100) {
    if (!detector.available(from + silence)) return silence;
  }
  return -1;
}

TEST(FailureDetector, ToleratesTheAcceptablePauseAndLittleMore) {
  const DurationUs gone = silence_until_gone(after(100, second), 100 * second);
  EXPECT_GT(gone, 4 * second) << "interval and acceptable pause";
  EXPECT_LT(gone, 5 * second);
}

TEST(FailureDetector, WaitsLongerForAnIrregularNode) {
  const DurationUs regular = silence_until_gone(after(100, second), 100 * second);
  const DurationUs irregular =
      silence_until_gone(after(100, second, second / 2), 100 * second + second / 2);
  EXPECT_GT(irregular, regular + second);
}

TEST(FailureDetector, UsesTheFirstEstimateBeforeAnyInterval) {
  const DurationUs gone = silence_until_gone(FailureDetector({}, 0), 0);
  EXPECT_GT(gone, 4 * second);
  EXPECT_LT(gone, 7 * second);
}

TEST(FailureDetector, PhiGrowsWithSilenceFromAboutZero) {
  const FailureDetector detector = after(100, second);
  EXPECT_LT(detector.phi(101 * second), 0.001);
  double last = -1;
  for (TimeUs now = 100 * second; now < 200 * second; now += second / 10) {
    const double phi = detector.phi(now);
    EXPECT_GE(phi, last);
    last = phi;
  }
  EXPECT_GT(last, 1'000) << "no overflow hides how long it was";
}

TEST(FailureDetector, PhiIsTheLogarithmOfTheTail) {
  // The tail probability is 0.5 at the mean, and about 0.0228 two deviations later.
  const FailureDetector detector = after(2'000, second);
  EXPECT_NEAR(detector.phi(2'004 * second), 0.30103, 0.001);
  EXPECT_NEAR(detector.phi(2'004 * second + 200'000), 1.642, 0.01);
}

TEST(FailureDetector, DoesNotSampleTheIntervalOfAFailure) {
  FailureDetector detector = after(100, second);
  detector.heartbeat(1'100 * second);
  EXPECT_TRUE(detector.available(1'100 * second));
  EXPECT_LT(silence_until_gone(detector, 1'100 * second), 5 * second);
}

TEST(FailureDetector, ForgetsIntervalsBeyondItsSamples) {
  DetectorLimits limits;
  limits.samples = 10;
  FailureDetector detector(limits, 0);
  TimeUs now = 0;
  for (int i = 0; i < 50; ++i) detector.heartbeat(now += (i % 2 + 1) * second);
  for (int i = 0; i < 10; ++i) detector.heartbeat(now += second);
  EXPECT_LT(silence_until_gone(detector, now), 5 * second);
}

TEST(FailureDetector, ToleratesAClockThatRunsBack) {
  FailureDetector detector = after(100, second);
  detector.heartbeat(50 * second);
  EXPECT_TRUE(detector.available(50 * second));
  EXPECT_TRUE(detector.available(101 * second));
}

}  // namespace
}  // namespace millrace::membership
