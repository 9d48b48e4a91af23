#include "actors/metrics/metrics.hpp"

#include <algorithm>
#include <cmath>
#include <exception>
#include <mutex>
#include <set>
#include <string_view>
#include <utility>

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

namespace millrace {
namespace {

constexpr std::size_t bounds_max = 100;

bool is_word(std::string_view text, bool may_have_colon) {
  const auto is_letter = [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           (may_have_colon && c == ':');
  };
  const auto fits = [&](char c) {
    return is_letter(c) || (c >= '0' && c <= '9');
  };
  return !text.empty() && text.size() <= 100 && is_letter(text.front()) &&
         std::all_of(text.begin(), text.end(), fits);
}

Error refused(const std::string& name, const std::string& what) {
  return {ErrorCode::invalid_argument, "metric " + name + ": " + what};
}

Result<void> check_names(const std::string& name, const Metrics::Labels& labels, bool has_bounds) {
  if (!is_word(name, true)) {
    return Error{ErrorCode::invalid_argument,
                 "metric: expected a name of 1 to 100 characters of [a-zA-Z0-9_:], not beginning "
                 "with a digit, got \"" +
                     name + "\""};
  }
  for (const std::string_view own : {"millrace_", "process_"}) {
    if (name.starts_with(own)) {
      return refused(name, "names that begin with " + std::string(own) + " are the node's own");
    }
  }
  for (const auto& [label, value] : labels) {
    if (is_word(label, false) && !label.starts_with("__") && !(has_bounds && label == "le"))
      continue;
    return refused(
        name,
        "label: expected a name of 1 to 100 characters of [a-zA-Z0-9_] that Prometheus does "
        "not use itself, got \"" +
            label + "\"");
  }
  return {};
}

Result<void> check_bounds(const std::string& name, const std::vector<double>& bounds) {
  const bool is_finite =
      std::all_of(bounds.begin(), bounds.end(), [](double bound) { return std::isfinite(bound); });
  const bool rises =
      std::adjacent_find(bounds.begin(), bounds.end(), std::greater_equal<>()) == bounds.end();
  if (!bounds.empty() && bounds.size() <= bounds_max && is_finite && rises) return {};
  return refused(name, "bounds: expected 1 to 100 finite numbers, each above the one before");
}

}  // namespace

class Metrics::Parts {
 public:
  /// What all series of a name have in common.
  struct Family {
    std::string kind;
    std::string help;
    std::vector<double> bounds{};
    std::set<Labels> series{};
    void* made = nullptr;  ///< the family of the library, of type prometheus::Family<...>
  };

  /// Returns the series. `Made`: the type of the library; `build` begins its family.
  template <class Made, class Build, class... Arguments>
  Result<Made*> series(const std::string& name, Family described, const Labels& labels, Build build,
                       const Arguments&... arguments) {
    if (auto checked = check_names(name, labels, !described.bounds.empty()); !checked) {
      return checked.error();
    }
    const std::lock_guard lock(mutex_);
    const auto found = families_.find(name);
    const bool is_new_family = found == families_.end();
    if (!is_new_family) {
      if (auto same = check_same(name, found->second, described); !same) return same.error();
    }
    const bool is_new = is_new_family || !found->second.series.contains(labels);
    if (is_new && count_ >= series_max) {
      return Error{ErrorCode::too_large, "metric " + name + ": there are " +
                                             std::to_string(series_max) + " series already"};
    }
    try {
      if (is_new_family) {
        described.made = &build().Name(name).Help(described.help).Register(registry_);
        families_.emplace(name, std::move(described));
      }
      Family& family = families_.at(name);
      Made& made = static_cast<prometheus::Family<Made>*>(family.made)->Add(labels, arguments...);
      if (family.series.insert(labels).second) ++count_;
      return &made;
    } catch (const std::exception& error) {
      return refused(name, error.what());
    }
  }

  [[nodiscard]] std::string text() const {
    return prometheus::TextSerializer().Serialize(registry_.Collect());
  }

 private:
  static Result<void> check_same(const std::string& name, const Family& before, const Family& now) {
    if (before.kind != now.kind) {
      return refused(name, "expected a " + before.kind + " as before, got a " + now.kind);
    }
    if (before.help != now.help) {
      return refused(
          name, "expected the help \"" + before.help + "\" as before, got \"" + now.help + "\"");
    }
    if (before.bounds != now.bounds)
      return refused(name, "expected the bounds as before, got others");
    return {};
  }

  std::mutex mutex_;
  std::map<std::string, Family> families_;
  std::size_t count_ = 0;  ///< series
  prometheus::Registry registry_;
};

Metrics::Metrics() : parts_(std::make_shared<Parts>()) {}

Metrics::~Metrics() = default;

void Metrics::Counter::add(double by) const {
  counter_->Increment(by);
}

void Metrics::Gauge::set(double value) const {
  gauge_->Set(value);
}

void Metrics::Gauge::add(double by) const {
  gauge_->Increment(by);
}

void Metrics::Histogram::observe(double value) const {
  histogram_->Observe(value);
}

Result<Metrics::Counter> Metrics::counter(const std::string& name, const std::string& help,
                                          const Labels& labels) {
  const auto made = parts_->series<prometheus::Counter>(name, {.kind = "counter", .help = help},
                                                        labels, prometheus::BuildCounter);
  if (!made) return made.error();
  return Counter(parts_, **made);
}

Result<Metrics::Gauge> Metrics::gauge(const std::string& name, const std::string& help,
                                      const Labels& labels) {
  const auto made = parts_->series<prometheus::Gauge>(name, {.kind = "gauge", .help = help}, labels,
                                                      prometheus::BuildGauge);
  if (!made) return made.error();
  return Gauge(parts_, **made);
}

Result<Metrics::Histogram> Metrics::histogram(const std::string& name, const std::string& help,
                                              const std::vector<double>& bounds,
                                              const Labels& labels) {
  if (auto checked = check_bounds(name, bounds); !checked) return checked.error();
  const auto made = parts_->series<prometheus::Histogram>(
      name, {.kind = "histogram", .help = help, .bounds = bounds}, labels,
      prometheus::BuildHistogram, bounds);
  if (!made) return made.error();
  return Histogram(parts_, **made);
}

std::string Metrics::text() const {
  return parts_->text();
}

}  // namespace millrace
