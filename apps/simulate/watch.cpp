#include "apps/simulate/watch.hpp"

#include <algorithm>
#include <iostream>

#include <unistd.h>

#include "apps/report/format.hpp"
#include "apps/simulate/interruption.hpp"
#include "messages/orders.pb.h"

namespace millrace::simulate {
namespace {

constexpr std::chrono::milliseconds look_interval{50};
constexpr std::chrono::milliseconds look_interval_recovering{5};
constexpr double sample_interval_s = 0.25;
constexpr DurationUs patience_us = 90'000'000;

report::ProgressStyle progress_style(const Options& options) {
  return {.terminal = report::is_terminal(STDERR_FILENO),
          .color = report::use_color(options.color, STDERR_FILENO),
          .width = report::terminal_width(STDERR_FILENO)};
}

}  // namespace

Watch::Watch(const Options& options, WitnessMemory& witness, report::RunReport& report)
    : options_(options),
      witness_(witness),
      report_(report),
      progress_(std::cerr, progress_style(options)),
      began_us_(clock_.now_us()),
      crash_at_(plan_crashes(options.seed, options.orders, options.crashes)),
      moved_us_(began_us_) {
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

/// Nothing while its progress is not reached.
std::optional<TimeUs> Watch::next_crash_us() {
  if (crashed_ >= crash_at_.size()) return std::nullopt;
  const CrashMoment& moment = crash_at_[crashed_];
  if (moment.is_after_start) return restarted_us_ + moment.delay_us;
  const bool serves = witness_.head().starts > starts_at_crash_;
  if (!reached_us_ && serves && witness_.head().finished >= moment.finished) {
    reached_us_ = clock_.now_us();
  }
  if (!reached_us_) return std::nullopt;
  return *reached_us_ + moment.delay_us;
}

void Watch::crash() {
  note_end(node_->kill());
  node_.reset();
  report_.faults.push_back({elapsed_s(), "kill", "node-1", std::nullopt});
  finished_at_crash_ = witness_.head().finished;
  starts_at_crash_ = witness_.head().starts;
  reached_us_.reset();
  ++crashed_;
  // Not at each start: a node that comes to rest before the kill is started again, and the kill
  // meets one of those.
  restarted_us_ = clock_.now_us();
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

/// Work has gone on when an order is finished; when all are, when the node serves again.
void Watch::note_recovery() {
  const WitnessHead& head = witness_.head();
  const bool serves = head.starts > starts_at_crash_;
  if (!serves || (head.finished == finished_at_crash_ && head.finished < options_.orders)) return;
  for (; recovered_ < report_.faults.size(); ++recovered_) {
    report::Fault& fault = report_.faults[recovered_];
    fault.recovered_after_s = elapsed_s() - fault.at_s;
  }
}

/// A run that waits for its next orders to be due does not stand still, though nothing moves.
void Watch::note_movement() {
  const WitnessHead& head = witness_.head();
  const std::uint64_t finished = head.finished;
  std::uint64_t waiting = 0;
  std::uint64_t gone = 0;
  for (std::uint32_t i = 0; i < head.queue_count; ++i) {
    if (std::string_view(head.queues[i].name.data()).ends_with(".dead")) continue;
    waiting += head.queues[i].queued;
    gone += head.queues[i].dead;
  }
  const bool is_idle = waiting == 0 && head.offered == finished && finished < options_.orders;
  if (finished != finished_last_ || waiting != waiting_last_ || gone != gone_last_ || is_idle) {
    moved_us_ = clock_.now_us();
  }
  finished_last_ = finished;
  waiting_last_ = waiting;
  gone_last_ = gone;
}

void Watch::look() {
  const WitnessHead& head = witness_.head();
  note_recovery();
  note_movement();
  const double t_s = elapsed_s();
  if (t_s - sampled_s_ >= sample_interval_s) take_sample(t_s);
  report::ProgressState state{
      .finished = finished_last_, .total = options_.orders, .waiting = waiting_last_};
  for (std::uint32_t i = 0; i < head.queue_count; ++i) {
    state.retried += head.queues[i].redelivered;
    state.dead += head.queues[i].dead;
  }
  progress_.update(state, clock_.now_us());
}

Watch::End Watch::judge(const ProcessEnd& end) {
  if (end.signal == 0 && end.exit_status == 0) return End::at_rest;
  if (end.signal != 0) {
    report_.failure = "the node was ended by signal " + std::to_string(end.signal);
  } else {
    report_.failure = witness_.head().failure[0] != 0
                          ? witness_.head().failure.data()
                          : "the node ended with status " + std::to_string(end.exit_status);
  }
  return End::failed;
}

Watch::End Watch::give_up() {
  note_end(node_->kill());
  node_.reset();
  if (witness_.head().is_storage_full != 0) {
    report_.failure = "storage_full: no room on the disk of " + options_.data_dir.string();
    return End::failed;
  }
  report_.failure = "nothing moved for 90 s: " + report::with_commas(finished_last_) + " of " +
                    report::with_commas(options_.orders) + " orders are finished, " +
                    report::with_commas(waiting_last_) + " messages are queued";
  return End::stalled;
}

Watch::End Watch::run() {
  End end = End::at_rest;
  take_sample(0);
  for (start_node();;) {
    if (!node_) {
      end = End::failed;
      break;
    }
    auto wait = std::chrono::microseconds(
        recovered_ < report_.faults.size() ? look_interval_recovering : look_interval);
    if (const auto crash_us = next_crash_us()) {
      wait = std::clamp(std::chrono::microseconds(*crash_us - clock_.now_us()), {}, wait);
    }
    const auto ended = node_->wait_for(std::chrono::duration_cast<std::chrono::milliseconds>(wait));
    look();
    if (interruption() != 0) {
      if (!ended) node_->kill();
      node_.reset();
      end = End::interrupted;
      break;
    }
    if (ended) {
      note_end(*ended);
      node_.reset();
      end = judge(*ended);
      // A run that came to rest before all its kills goes on with them: a restart is a part of it.
      if (end != End::at_rest || crashed_ >= crash_at_.size()) break;
      start_node();
      continue;
    }
    const auto crash_us = next_crash_us();
    if (crash_us && *crash_us <= clock_.now_us()) {
      crash();
    } else if (clock_.now_us() - moved_us_ > patience_us) {
      end = give_up();
      break;
    }
  }
  take_sample(elapsed_s());
  progress_.clear();
  return end;
}

}  // namespace millrace::simulate
