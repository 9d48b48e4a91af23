#include "apps/report/charts/thinning.hpp"

#include <algorithm>

namespace millrace::report {
namespace {

Sample joined(const Sample& earlier, const Sample& later) {
  Sample sample = later;
  sample.p50_us = std::max(earlier.p50_us, later.p50_us);
  sample.p99_us = std::max(earlier.p99_us, later.p99_us);
  sample.rss_bytes = std::max(earlier.rss_bytes, later.rss_bytes);
  sample.queue_depth.resize(std::max(earlier.queue_depth.size(), later.queue_depth.size()));
  for (std::size_t i = 0; i < earlier.queue_depth.size(); ++i)
    sample.queue_depth[i] = std::max(sample.queue_depth[i], earlier.queue_depth[i]);
  return sample;
}

}  // namespace

std::vector<Sample> thinned(const std::vector<Sample>& samples, std::size_t count_max) {
  const std::size_t together = (samples.size() + count_max - 1) / count_max;
  if (together <= 1) return samples;
  std::vector<Sample> result;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    if (i % together == 0) {
      result.push_back(samples[i]);
    } else {
      result.back() = joined(result.back(), samples[i]);
    }
  }
  return result;
}

}  // namespace millrace::report
