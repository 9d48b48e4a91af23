// thinned() bounds the number of samples, and keeps each peak and the last sample.
#include <algorithm>

#include <gtest/gtest.h>

#include "apps/report/charts/run_charts.hpp"

namespace millrace::report {
namespace {

std::vector<Sample> samples_of(std::size_t count) {
  std::vector<Sample> samples(count);
  for (std::size_t i = 0; i < count; ++i) {
    samples[i].t_s = static_cast<double>(i);
    samples[i].finished = i;
    samples[i].queue_depth = {i == count / 3 ? 1'000'000u : 5u};
    samples[i].p99_us = i == count / 2 ? 99 : 3;
  }
  return samples;
}

TEST(Thinning, KeepsShortRunsUnchanged) {
  EXPECT_EQ(thinned(samples_of(300), 300).size(), 300u);
}

TEST(Thinning, KeepsPeaksAndTheLastSample) {
  for (const std::size_t count : {301u, 1000u, 4321u}) {
    const auto few = thinned(samples_of(count), 300);
    EXPECT_LE(few.size(), 300u);
    EXPECT_GE(few.size(), 150u);
    EXPECT_EQ(few.back().finished, count - 1);
    EXPECT_EQ(few.back().t_s, static_cast<double>(count - 1));
    EXPECT_EQ(std::count_if(few.begin(), few.end(),
                            [](const Sample& s) { return s.queue_depth[0] == 1'000'000; }),
              1);
    EXPECT_TRUE(
        std::any_of(few.begin(), few.end(), [](const Sample& s) { return s.p99_us == 99; }));
  }
}

}  // namespace
}  // namespace millrace::report
