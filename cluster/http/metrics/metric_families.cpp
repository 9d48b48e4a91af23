#include "cluster/http/metrics/metric_families.hpp"

#include <algorithm>

#include <prometheus/text_serializer.h>

namespace millrace::http {

prometheus::ClientMetric& MetricFamilies::add(const char* name, const char* help,
                                              prometheus::MetricType type, const Labels& labels) {
  auto family = std::find_if(families_.begin(), families_.end(),
                             [name](const auto& each) { return each.name == name; });
  if (family == families_.end()) {
    families_.push_back({name, help, type, {}});
    family = families_.end() - 1;
  }
  prometheus::ClientMetric& metric = family->metric.emplace_back();
  for (const auto& [label, value] : labels) metric.label.push_back({label, value});
  return metric;
}

void MetricFamilies::counter(const char* name, const char* help, const Labels& labels,
                             double value) {
  std::string id = name;
  for (const auto& [label, text] : labels) {
    id.append(1, '\n').append(label).append(1, '=').append(text);
  }
  double& shown = highest_[id];
  shown = std::max(shown, value);
  add(name, help, prometheus::MetricType::Counter, labels).counter.value = shown;
}

void MetricFamilies::gauge(const char* name, const char* help, const Labels& labels, double value) {
  add(name, help, prometheus::MetricType::Gauge, labels).gauge.value = value;
}

void MetricFamilies::histogram(const char* name, const char* help, const Labels& labels,
                               const DurationBuckets& buckets) {
  auto& histogram = add(name, help, prometheus::MetricType::Histogram, labels).histogram;
  // Every other power of two from 16 us to 17 min: a scrape stays small.
  constexpr std::size_t first = 4;
  constexpr std::size_t step = 2;
  std::uint64_t count = 0;
  for (std::size_t i = 0; i + 1 < buckets.counts.size(); ++i) {
    count += buckets.counts[i];
    if (i < first || (i - first) % step != 0) continue;
    const double bound_s = static_cast<double>(std::uint64_t{1} << i) / 1e6;
    histogram.bucket.push_back({count, bound_s});
  }
  count += buckets.counts.back();
  histogram.sample_count = count;
  histogram.sample_sum = static_cast<double>(buckets.sum_us) / 1e6;
}

std::string MetricFamilies::text() const {
  return prometheus::TextSerializer().Serialize(families_);
}

}  // namespace millrace::http
