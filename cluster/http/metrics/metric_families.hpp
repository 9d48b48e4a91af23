// MetricFamilies: gathers samples into families. For the .cpp files of metrics only.
#pragma once

#include <map>
#include <string>
#include <vector>

#include <prometheus/metric_family.h>

#include "cluster/http/node_api.hpp"

namespace millrace::http {

using Labels = std::vector<std::pair<std::string, std::string>>;

class MetricFamilies {
 public:
  /// `highest` holds what counters have shown so far, by name and labels.
  explicit MetricFamilies(std::map<std::string, double>& highest) : highest_(highest) {}

  void counter(const char* name, const char* help, const Labels& labels, double value);
  void gauge(const char* name, const char* help, const Labels& labels, double value);
  void histogram(const char* name, const char* help, const Labels& labels,
                 const DurationBuckets& buckets);

  [[nodiscard]] std::string text() const;

 private:
  prometheus::ClientMetric& add(const char* name, const char* help, prometheus::MetricType type,
                                const Labels& labels);

  std::map<std::string, double>& highest_;
  std::vector<prometheus::MetricFamily> families_;
};

/// Adds the process_* metrics, from /proc.
void add_process_metrics(MetricFamilies& families);

}  // namespace millrace::http
