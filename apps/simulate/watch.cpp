#include "apps/simulate/watch.hpp"

#include <algorithm>
#include <iostream>
#include <random>

#include <unistd.h>

#include "messages/orders.pb.h"

namespace millrace::simulate {
namespace {

constexpr std::chrono::milliseconds look_interval{50};
constexpr double sample_interval_s = 0.25;
constexpr DurationUs patience_us = 90'000'000;

report::ProgressStyle progress_style(const Options& options) {
  return {.terminal = report::is_terminal(STDERR_FILENO),
          .color = report::use_color(options.color, STDERR_FILENO),
          .width = report::terminal_width(STDERR_FILENO)};
}

// Moments of progress, so that every crash falls into the run however fast the machine is.
std::vector<std::uint64_t> plan_crashes(const Options& options) {
  std::mt19937_64 random(options.seed ^ 0x6372617368u);
  std::uniform_int_distribution<std::uint64_t> any(0, options.orders - 1);
  std::vector<std::uint64_t> at(options.crashes);
  for (std::uint64_t& moment : at) moment = any(random);
  std::sort(at.begin(), at.end());
  return at;
}

}  // namespace

Watch::Watch(const Options& options, WitnessMemory& witness, report::RunReport& report)
    : options_(options),
      witness_(witness),
      report_(report),
      progress_(std::cerr, progress_style(options)),
      began_us_(clock_.now_us()),
      crash_at_(plan_crashes(options)),
      progressed_us_(began_us_) {
  for (int state = 1; state < static_cast<int>(state_max) && orders::Status_IsValid(state);
       ++state) {
    report_.state_names.push_back(orders::Status_Name(static_cast<orders::Status>(state)));
  }
}

double Watch::elapsed_s() const {
  return static_cast<double>(clock_.now_us() - began_us_) / 1e6;
}

void Watch::start_node() {
  auto node = NodeProcess::start(node_arguments(options_, witness_.fd()), witness_.fd());
  if (!node) {
    report_.failure = node.error().message;
    return;
  }
  node_.emplace(std::move(*node));
}

bool Watch::crash_is_due() const {
  return crashed_ < crash_at_.size() && witness_.head().finished >= crash_at_[crashed_] &&
         witness_.head().starts > crashed_;
}

void Watch::crash() {
  report_.faults.push_back({elapsed_s(), "kill", "node-1", std::nullopt});
  finished_at_crash_ = witness_.head().finished;
  note_end(node_->kill());
  node_.reset();
  ++crashed_;
  is_recovering_ = true;
  start_node();
}

void Watch::note_end(const ProcessEnd& end) {
  report_.rss_peak_bytes = std::max(report_.rss_peak_bytes, end.rss_peak_bytes);
  report_.cpu_s += end.cpu_s;
}

void Watch::take_sample(double t_s) {
  const WitnessHead& head = witness_.head();
  report::Sample sample;
  sample.t_s = t_s;
  sample.offered = head.offered;
  sample.finished = head.finished;
  const LatencyHistogram now = head.latency.snapshot();
  const LatencyHistogram since = now.since(sampled_latency_);
  if (since.count() > 0) {
    sample.p50_us = since.percentile(0.5);
    sample.p99_us = since.percentile(0.99);
  }
  sampled_latency_ = now;
  const std::uint32_t queues = head.queue_count;
  if (report_.queue_names.empty()) {
    for (std::uint32_t i = 0; i < queues; ++i) {
      report_.queue_names.emplace_back(head.queues[i].name.data());
    }
  }
  for (std::size_t i = 0; i < report_.queue_names.size(); ++i) {
    sample.queue_depth.push_back(head.queues[i].queued);
  }
  for (std::size_t state = 1; state <= report_.state_names.size(); ++state) {
    sample.states.push_back(head.outcomes[state]);
  }
  sample.rss_bytes = node_ ? node_->rss_bytes() : 0;
  report_.samples.push_back(std::move(sample));
  sampled_s_ = t_s;
}

void Watch::look() {
  const WitnessHead& head = witness_.head();
  const TimeUs now_us = clock_.now_us();
  const std::uint64_t finished = head.finished;
  if (is_recovering_ && finished > finished_at_crash_) {
    report_.faults.back().recovered_after_s = elapsed_s() - report_.faults.back().at_s;
    is_recovering_ = false;
  }
  if (finished != finished_last_) {
    finished_last_ = finished;
    progressed_us_ = now_us;
  }
  const double t_s = elapsed_s();
  if (t_s - sampled_s_ >= sample_interval_s) take_sample(t_s);
  report::ProgressState state{.finished = finished, .total = options_.orders};
  for (std::uint32_t i = 0; i < head.queue_count; ++i) {
    state.retried += head.queues[i].redelivered;
    state.dead += head.queues[i].dead;
  }
  progress_.update(state, now_us);
}

void Watch::run() {
  start_node();
  while (node_ && report_.failure.empty()) {
    const auto end = node_->wait_for(look_interval);
    look();
    if (end) {
      note_end(*end);
      node_.reset();
      if (end->signal != 0) {
        report_.failure = "the node was ended by signal " + std::to_string(end->signal);
      } else if (end->exit_status != 0) {
        report_.failure = witness_.head().failure[0] != 0
                              ? witness_.head().failure.data()
                              : "the node ended with status " + std::to_string(end->exit_status);
      }
      break;
    }
    if (crash_is_due()) crash();
    if (clock_.now_us() - progressed_us_ > patience_us &&
        witness_.head().finished < options_.orders) {
      report_.failure = witness_.head().is_storage_full != 0
                            ? "storage_full: no room on the disk of " + options_.data_dir.string()
                            : "no order was finished for 90 s";
      note_end(node_->kill());
      node_.reset();
    }
  }
  take_sample(elapsed_s());
  progress_.clear();
}

}  // namespace millrace::simulate
