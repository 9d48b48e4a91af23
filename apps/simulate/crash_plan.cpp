#include "apps/simulate/crash_plan.hpp"

#include <algorithm>
#include <cmath>
#include <random>

namespace millrace::simulate {
namespace {

constexpr DurationUs delay_max_us = 50'000;

/// 1 ms to 1 s, each decade alike: a recovery takes anything from milliseconds on.
DurationUs pick_delay_after_start(std::mt19937_64& random) {
  std::uniform_real_distribution<double> decades(3, 6);
  return static_cast<DurationUs>(std::pow(10, decades(random)));
}

}  // namespace

std::vector<CrashMoment> plan_crashes(std::uint64_t seed, std::uint64_t orders,
                                      std::uint32_t count) {
  std::mt19937_64 random(seed ^ 0x6372617368u);
  std::uniform_int_distribution<std::uint64_t> any(0, orders - 1);
  std::uniform_int_distribution<DurationUs> delay(0, delay_max_us);
  std::vector<CrashMoment> moments;
  std::vector<DurationUs> after_start;
  for (std::uint32_t i = 0; i < count; ++i) {
    if (i > 0 && random() % 3 == 0) {
      after_start.push_back(pick_delay_after_start(random));
    } else {
      moments.push_back({false, random() % 8 == 0 ? orders : any(random), delay(random)});
    }
  }
  std::sort(moments.begin(), moments.end(),
            [](const CrashMoment& a, const CrashMoment& b) { return a.finished < b.finished; });
  for (const DurationUs delay_us : after_start) {
    const auto place = moments.begin() + 1 + static_cast<std::ptrdiff_t>(random() % moments.size());
    moments.insert(place, {true, (place - 1)->finished, delay_us});
  }
  return moments;
}

}  // namespace millrace::simulate
