// MetricsPage: a node's metrics in the text format of Prometheus. Names and labels: docs/http.md.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "cluster/http/node_api.hpp"

namespace millrace::http {

class MetricsPage {
 public:
  /// Asks `api` for all numbers. Never shows a counter lower than before, also where a queue did
  /// not answer in time. Any thread.
  [[nodiscard]] std::string text(NodeApi& api);

 private:
  std::mutex mutex_;
  std::map<std::string, double> highest_;  ///< of each counter, by name and labels
};

}  // namespace millrace::http
