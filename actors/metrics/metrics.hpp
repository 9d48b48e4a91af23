// Metrics: counters, gauges and histograms of the program, which a node shows at /metrics beside its own.
//
//     const auto metrics = std::make_shared<Metrics>();
//     auto shipped = metrics->counter("shop_shipped_total", "Parcels given to the carrier.",
//                                     {{"carrier", "post"}});
//     shipped->add();
//
// Names and labels are those of Prometheus, which collects them. Give the object to
// RuntimeOptions::metrics, or take that of Runtime::metrics().
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "messages/result.hpp"

namespace prometheus {
class Counter;
class Gauge;
class Histogram;
}  // namespace prometheus

namespace millrace {

/// Thread-safe. The handles that it gives out are values: copies are one series, cost an atomic
/// addition (a lock, of a histogram) for each change, and may outlive the object.
class Metrics {
 public:
  /// By name of the label.
  using Labels = std::map<std::string, std::string>;

  /// Series of one object, at most: a label with a value for each customer would fill memory.
  static constexpr std::size_t series_max = 10'000;

  /// Only grows.
  class Counter {
   public:
    /// A negative `by` is ignored.
    void add(double by = 1) const;

   private:
    friend class Metrics;
    Counter(std::shared_ptr<const void> owner, prometheus::Counter& counter)
        : owner_(std::move(owner)), counter_(&counter) {}
    std::shared_ptr<const void> owner_;
    prometheus::Counter* counter_;
  };

  class Gauge {
   public:
    void set(double value) const;
    void add(double by) const;

   private:
    friend class Metrics;
    Gauge(std::shared_ptr<const void> owner, prometheus::Gauge& gauge)
        : owner_(std::move(owner)), gauge_(&gauge) {}
    std::shared_ptr<const void> owner_;
    prometheus::Gauge* gauge_;
  };

  /// Counts values by ranges.
  class Histogram {
   public:
    void observe(double value) const;

   private:
    friend class Metrics;
    Histogram(std::shared_ptr<const void> owner, prometheus::Histogram& histogram)
        : owner_(std::move(owner)), histogram_(&histogram) {}
    std::shared_ptr<const void> owner_;
    prometheus::Histogram* histogram_;
  };

  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // Each returns the series of this name with these labels: a new one, or the one that was made before.
  // `help`: one line, the same for all series of a name. Fails with
  //   invalid_argument  the name or that of a label is none of Prometheus; the name begins with
  //                     "millrace_" or "process_", which are the node's; or it is used with another kind,
  //                     help or other bounds
  //   too_large         there are series_max already

  [[nodiscard]] Result<Counter> counter(const std::string& name, const std::string& help,
                                        const Labels& labels = {});
  [[nodiscard]] Result<Gauge> gauge(const std::string& name, const std::string& help,
                                    const Labels& labels = {});
  /// `bounds`: upper ends of the ranges, rising, finite, 1 to 100; a last range without end is added.
  [[nodiscard]] Result<Histogram> histogram(const std::string& name, const std::string& help,
                                            const std::vector<double>& bounds,
                                            const Labels& labels = {});

  /// All series in the text format of Prometheus.
  [[nodiscard]] std::string text() const;

 private:
  class Parts;

  std::shared_ptr<Parts> parts_;
};

}  // namespace millrace
