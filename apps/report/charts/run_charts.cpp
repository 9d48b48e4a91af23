#include "apps/report/charts/run_charts.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>

#include "apps/report/format.hpp"

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

namespace {

constexpr std::size_t points_max = 300;
constexpr std::size_t queues_max = 8;  // lines in one plot; further queues are drawn as their sum
constexpr double no_value = std::numeric_limits<double>::quiet_NaN();

std::string color_of(std::size_t index) {
  return "c" + std::to_string(index % 10);
}

std::string count_text(double value) {
  return with_commas(static_cast<std::uint64_t>(value));
}

std::string duration_text(double value) {
  return short_duration(static_cast<DurationUs>(value), " ");
}

double highest(const std::vector<Series>& series) {
  double top = 0;
  for (const Series& one : series) {
    for (const double value : one.values) {
      if (value > top) top = value;
    }
  }
  return top;
}

double lowest_positive(const std::vector<Series>& series) {
  double bottom = std::numeric_limits<double>::infinity();
  for (const Series& one : series) {
    for (const double value : one.values) {
      if (value > 0 && value < bottom) bottom = value;
    }
  }
  return std::isinf(bottom) ? 1 : bottom;
}

template <class Field>
std::vector<double> values_of(const std::vector<Sample>& samples, Field field) {
  std::vector<double> values;
  values.reserve(samples.size());
  for (const Sample& sample : samples) values.push_back(static_cast<double>(field(sample)));
  return values;
}

std::uint64_t at(const std::vector<std::uint64_t>& values, std::size_t index) {
  return index < values.size() ? values[index] : 0;
}

// Growth of a running count per second, between the sample before and each sample.
template <class Count>
std::vector<double> rate_of(const std::vector<Sample>& samples, Count field) {
  std::vector<double> rates(samples.size(), no_value);
  double t = 0;
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const double span = samples[i].t_s - t;
    const std::uint64_t now = std::invoke(field, samples[i]);
    if (span > 0) rates[i] = static_cast<double>(now - std::min(now, count)) / span;
    t = samples[i].t_s;
    count = now;
  }
  return rates;
}

Chart over_time(const RunReport& report, const std::vector<Sample>& samples) {
  Chart chart;
  chart.x = values_of(samples, [](const Sample& sample) { return sample.t_s; });
  chart.x_scale = time_scale(chart.x.back());
  chart.x_text = [](double t) {
    return short_duration(static_cast<DurationUs>(t * 1e6), " ") + " into the run";
  };
  chart.y_text = count_text;
  for (const Fault& fault : report.faults) {
    if (fault.at_s < 0 || fault.at_s > chart.x.back()) continue;
    chart.marks.push_back(fault.at_s);
    const double until_s = fault.at_s + fault.recovered_after_s.value_or(chart.x.back());
    chart.bands.emplace_back(fault.at_s, std::min(until_s, chart.x.back()));
  }
  return chart;
}

Chart throughput(const RunReport& report, const std::vector<Sample>& samples) {
  Chart chart = over_time(report, samples);
  chart.title = "Throughput";
  chart.subtitle = "orders a second";
  chart.series = {{"offered", "faint", rate_of(samples, &Sample::offered)},
                  {"finished", "c0", rate_of(samples, &Sample::finished), true}};
  chart.y_scale = count_scale(highest(chart.series));
  return chart;
}

Chart latency(const RunReport& report, const std::vector<Sample>& samples) {
  Chart chart = over_time(report, samples);
  chart.title = "Latency";
  chart.subtitle = "from offer to final state, of orders finished at that time";
  chart.series = {{"p99", "c1", values_of(samples, [](const Sample& s) { return s.p99_us; })},
                  {"p50", "c0", values_of(samples, [](const Sample& s) { return s.p50_us; })}};
  chart.y_scale = duration_scale(lowest_positive(chart.series), highest(chart.series));
  chart.y_text = duration_text;
  return chart;
}

Chart percentiles(const LatencyHistogram& histogram) {
  Chart chart;
  chart.title = "Latency by percentile";
  chart.subtitle = "how long the slowest orders took; each further nine has the same room";
  const auto count = static_cast<double>(histogram.count());
  chart.x_scale = percentile_scale(count);
  Series series{"latency", "c0", {}, true};
  const double nines = std::clamp(std::log10(std::max(count, 1.0)), 2.0, 6.0);
  constexpr int points = 120;
  for (int i = 0; i <= points; ++i) {
    const double share = 1 - std::pow(10, -nines * i / points);
    chart.x.push_back(share);
    series.values.push_back(static_cast<double>(histogram.percentile(share)));
  }
  chart.series = {series};
  chart.y_scale = duration_scale(lowest_positive(chart.series), highest(chart.series));
  chart.x_text = [](double share) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.6g %% of orders", 100 * share);
    return std::string(text.data());
  };
  chart.y_text = [](double value) {
    return "within " + duration_text(value);
  };
  return chart;
}

Chart depths(const RunReport& report, const std::vector<Sample>& samples) {
  Chart chart = over_time(report, samples);
  chart.title = "Queue depth";
  chart.subtitle = "messages waiting or leased, by queue";
  for (std::size_t i = 0; i < report.queue_names.size(); ++i) {
    chart.series.push_back(
        {report.queue_names[i], "",
         values_of(samples, [i](const Sample& sample) { return at(sample.queue_depth, i); })});
  }
  const auto peak = [](const Series& series) {
    return *std::max_element(series.values.begin(), series.values.end());
  };
  std::erase_if(chart.series, [&](const Series& series) { return peak(series) <= 0; });
  std::stable_sort(chart.series.begin(), chart.series.end(),
                   [&](const Series& a, const Series& b) { return peak(a) > peak(b); });
  if (chart.series.size() > queues_max) {
    const std::size_t others = chart.series.size() - queues_max;
    Series rest{std::to_string(others) + (others == 1 ? " other" : " others"), "", {}};
    rest.values.assign(samples.size(), 0);
    for (std::size_t i = queues_max; i < chart.series.size(); ++i) {
      std::transform(rest.values.begin(), rest.values.end(), chart.series[i].values.begin(),
                     rest.values.begin(), std::plus<>{});
    }
    chart.series.resize(queues_max);
    chart.series.push_back(std::move(rest));
  }
  for (std::size_t i = 0; i < chart.series.size(); ++i)
    chart.series[i].color = i < queues_max ? color_of(i) : "faint";
  chart.y_scale = count_scale(highest(chart.series));
  return chart;
}

Chart chart_of_states(const RunReport& report, const std::vector<Sample>& samples) {
  Chart chart = over_time(report, samples);
  chart.title = "States";
  chart.subtitle = "orders in each state, stacked";
  chart.stacked = true;
  std::size_t next = 0;
  std::vector<double> total(samples.size(), 0);
  for (std::size_t i = 0; i < report.state_names.size(); ++i) {
    const std::string& name = report.state_names[i];
    Series series{state_text(name), name == "SHIPPED" ? "good" : "",
                  values_of(samples, [i](const Sample& sample) { return at(sample.states, i); })};
    if (*std::max_element(series.values.begin(), series.values.end()) <= 0) continue;
    if (series.color.empty()) series.color = color_of(next++);
    std::transform(total.begin(), total.end(), series.values.begin(), total.begin(), std::plus<>{});
    chart.series.push_back(std::move(series));
  }
  Series in_flight{"under way", "faint", std::vector<double>(samples.size(), 0)};
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const auto offered = static_cast<double>(samples[i].offered);
    in_flight.values[i] = std::max(0.0, offered - total[i]);
    total[i] = std::max(total[i], offered);
  }
  if (highest({in_flight}) > 0) chart.series.push_back(std::move(in_flight));
  chart.y_scale = count_scale(*std::max_element(total.begin(), total.end()));
  return chart;
}

Chart memory(const RunReport& report, const std::vector<Sample>& samples) {
  Chart chart = over_time(report, samples);
  chart.title = "Memory";
  chart.subtitle = "resident, all nodes";
  const auto resident = [](const Sample& sample) {
    return sample.rss_bytes > 0 ? static_cast<double>(sample.rss_bytes) : no_value;
  };
  chart.series = {{"resident", "c2", values_of(samples, resident), true}};
  chart.y_scale = bytes_scale(highest(chart.series));
  chart.y_text = short_bytes;
  return chart;
}

}  // namespace

std::vector<Chart> run_charts(const RunReport& report) {
  std::vector<Chart> charts;
  const std::vector<Sample> samples = thinned(report.samples, points_max);
  const bool timed = samples.size() > 1;
  if (timed) charts.push_back(throughput(report, samples));
  if (timed) charts.push_back(latency(report, samples));
  if (timed && !report.queue_names.empty()) charts.push_back(depths(report, samples));
  if (timed && !report.state_names.empty()) charts.push_back(chart_of_states(report, samples));
  if (report.latency.count() > 0) charts.push_back(percentiles(report.latency));
  const auto has_memory = [](const Sample& sample) {
    return sample.rss_bytes > 0;
  };
  if (timed && std::any_of(samples.begin(), samples.end(), has_memory))
    charts.push_back(memory(report, samples));
  return charts;
}

}  // namespace millrace::report
