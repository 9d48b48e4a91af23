// Promise: each percentile is within 1 % of that of the sorted values, also after merge() and
// since(). Compared with sorted, seeded values of several distributions.
#include "actors/base/latency_histogram.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdint>
#include <functional>
#include <numeric>
#include <random>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

#include <gtest/gtest.h>

namespace millrace {
namespace {

static_assert(std::is_trivially_copyable_v<LatencyHistogram>);
static_assert(std::is_standard_layout_v<LatencyHistogram>);
static_assert(sizeof(LatencyHistogram) < 16 * 1024);

using Values = std::vector<DurationUs>;
using Random = std::mt19937_64;

LatencyHistogram histogram_of(const Values& values) {
  LatencyHistogram histogram;
  for (const DurationUs value : values) histogram.record(value);
  return histogram;
}

DurationUs percentile_of(Values values, double fraction) {
  std::sort(values.begin(), values.end());
  const auto rank =
      static_cast<std::size_t>(std::ceil(fraction * static_cast<double>(values.size())));
  return values[std::max<std::size_t>(rank, 1) - 1];
}

void expect_matches(const LatencyHistogram& histogram, const Values& values) {
  ASSERT_EQ(histogram.count(), values.size());
  EXPECT_EQ(histogram.max_us(), *std::max_element(values.begin(), values.end()));
  const double sum = std::accumulate(values.begin(), values.end(), 0.0);
  EXPECT_NEAR(histogram.mean_us(), sum / static_cast<double>(values.size()), 1e-6 * sum);
  for (const double fraction : {0.0, 0.01, 0.25, 0.5, 0.9, 0.99, 0.999, 1.0}) {
    const auto exact = static_cast<double>(percentile_of(values, fraction));
    EXPECT_NEAR(static_cast<double>(histogram.percentile(fraction)), exact, 0.01 * exact)
        << "percentile " << fraction;
  }
}

struct Distribution {
  std::string name;
  std::function<DurationUs(Random&)> draw;
};

std::vector<Distribution> distributions() {
  return {
      {"uniform, short", std::uniform_int_distribution<DurationUs>(0, 300)},
      {"uniform, all", std::uniform_int_distribution<DurationUs>(0, LatencyHistogram::value_max)},
      {"log-normal",
       [](Random& random) {
         return static_cast<DurationUs>(std::lognormal_distribution<double>(7, 1.5)(random));
       }},
      {"powers of two and their neighbours",
       [](Random& random) {
         const auto power = std::uniform_int_distribution<int>(0, 31)(random);
         const auto beside = std::uniform_int_distribution<DurationUs>(-1, 1)(random);
         return std::clamp((DurationUs{1} << power) + beside, DurationUs{0},
                           LatencyHistogram::value_max);
       }},
  };
}

TEST(LatencyHistogram, PercentilesMatchSortedValues) {
  for (const Distribution& distribution : distributions()) {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
      SCOPED_TRACE(distribution.name + ", seed " + std::to_string(seed));
      Random random(seed);
      Values values(1 + random() % 3000);
      for (DurationUs& value : values) value = distribution.draw(random);
      expect_matches(histogram_of(values), values);
    }
  }
}

TEST(LatencyHistogram, MergedHistogramsCountAllValues) {
  Random random(7);
  std::lognormal_distribution<double> draw(6, 2);
  LatencyHistogram merged;
  Values all;
  for (int part = 0; part < 5; ++part) {
    Values values(200);
    for (DurationUs& value : values) value = static_cast<DurationUs>(draw(random));
    merged.merge(histogram_of(values));
    all.insert(all.end(), values.begin(), values.end());
  }
  expect_matches(merged, all);
}

TEST(LatencyHistogram, SinceCountsOnlyLaterValues) {
  LatencyHistogram histogram = histogram_of({5, 5'000'000, 70});
  const LatencyHistogram earlier = histogram.snapshot();
  const Values later{300, 400, 500, 64'000};
  for (const DurationUs value : later) histogram.record(value);
  const LatencyHistogram difference = histogram.since(earlier);
  EXPECT_EQ(difference.count(), 4u);
  EXPECT_NEAR(static_cast<double>(difference.percentile(0.5)), 400, 4);
  EXPECT_NEAR(static_cast<double>(difference.max_us()), 64'000, 640);
  EXPECT_DOUBLE_EQ(difference.mean_us(), 65'200 / 4.0);
}

TEST(LatencyHistogram, ShortDurationsAreExact) {
  for (DurationUs value = 0; value < 128; ++value) {
    EXPECT_EQ(histogram_of({value, value, 1'000'000}).percentile(0.5), value);
  }
}

TEST(LatencyHistogram, ClampsValuesOutOfRange) {
  const LatencyHistogram histogram = histogram_of({-5, 2 * LatencyHistogram::value_max});
  EXPECT_EQ(histogram.percentile(0.5), 0);
  EXPECT_EQ(histogram.max_us(), LatencyHistogram::value_max);
  EXPECT_EQ(histogram.count(), 2u);
}

TEST(LatencyHistogram, EmptyHistogramIsAllZero) {
  const LatencyHistogram histogram;
  EXPECT_EQ(histogram.count(), 0u);
  EXPECT_EQ(histogram.percentile(0.99), 0);
  EXPECT_EQ(histogram.max_us(), 0);
  EXPECT_EQ(histogram.mean_us(), 0);
}

TEST(LatencyHistogram, SnapshotsDuringRecordingOnlyGrow) {
  constexpr std::uint64_t total = 200'000;
  LatencyHistogram histogram;
  std::atomic<bool> started = false;
  std::thread writer([&] {
    started = true;
    for (std::uint64_t i = 0; i < total; ++i) histogram.record(static_cast<DurationUs>(i % 5000));
  });
  while (!started) std::this_thread::yield();
  std::uint64_t before = 0;
  while (before < total) {
    const std::uint64_t now = histogram.snapshot().count();
    ASSERT_GE(now, before);
    ASSERT_LE(now, total);
    before = now;
  }
  writer.join();
  EXPECT_EQ(histogram.max_us(), 4999);
}

}  // namespace
}  // namespace millrace
