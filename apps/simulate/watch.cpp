#include "apps/simulate/watch.hpp"

#include <algorithm>
#include <csignal>
#include <iostream>

#include <sysexits.h>
#include <unistd.h>

#include "apps/orders/orders.pb.h"
#include "apps/report/format.hpp"
#include "apps/simulate/interruption.hpp"

namespace millrace::simulate {
namespace {

constexpr DurationUs look_interval_us = 50'000;
constexpr DurationUs look_interval_recovering_us = 5'000;
constexpr double progress_sample_interval_s = 0.25;
/// Default of log.postgres.lease, which the nodes have.
constexpr DurationUs lease_us = 3'000'000;
constexpr DurationUs patience_us = 90'000'000;
/// How many further idle checks each node must report; see is_at_rest().
constexpr std::uint32_t rest_looks_more = 2;

report::ProgressStyle progress_style(const Options& options) {
  return {.terminal = report::is_terminal(STDERR_FILENO),
          .color = report::use_color(options.color, STDERR_FILENO),
          .width = report::terminal_width(STDERR_FILENO)};
}

std::vector<FaultMoment> plan(const Options& options) {
  return plan_faults({.seed = options.seed,
                      .orders = options.orders,
                      .nodes = options.nodes,
                      .kills = options.crashes,
                      .kinds = options.fault_kinds,
                      .count = options.fault_count,
                      .lease_us = options.standbys > 0 ? lease_us : 0});
}

}  // namespace

Watch::Watch(const Options& options, Fleet& fleet, WitnessMemory& witness,
             servers::Database* database, report::RunReport& report)
    : options_(options),
      fleet_(fleet),
      witness_(witness),
      report_(report),
      progress_(std::cerr, progress_style(options)),
      began_us_(clock_.steady_us()),
      faults_(plan(options), fleet, witness, database, report.faults, began_us_),
      moved_us_(began_us_) {
  for (int state = 1; state < static_cast<int>(state_max) && orders::Status_IsValid(state);
       ++state) {
    report_.state_names.push_back(orders::Status_Name(static_cast<orders::Status>(state)));
  }
}

double Watch::elapsed_s() const {
  return static_cast<double>(clock_.steady_us() - began_us_) / 1e6;
}

std::map<std::string, Watch::Queue> Watch::queues() const {
  std::map<std::string, Queue> queues;
  for (const NodePage& page : witness_.head().in_use()) {
    for (std::uint32_t i = 0; i < page.queue_count; ++i) {
      Queue& queue = queues[page.queues[i].name.data()];
      queue.queued += page.queues[i].queued;
      queue.redelivered += page.queues[i].redelivered;
      queue.dead += page.queues[i].dead;
    }
  }
  return queues;
}

void Watch::take_sample(double t_s) {
  const WitnessHead& head = witness_.head();
  report::Sample sample;
  sample.t_s = t_s;
  sample.offered = head.offered();
  sample.finished = head.finished();
  const LatencyHistogram now = head.latency();
  const LatencyHistogram since = now.since(sampled_latency_);
  if (since.count() > 0) {
    sample.p50_us = since.percentile(0.5);
    sample.p99_us = since.percentile(0.99);
  }
  sampled_latency_ = now;
  const auto queues = this->queues();
  if (report_.queue_names.empty()) {
    for (const auto& [name, queue] : queues) report_.queue_names.push_back(name);
  }
  for (const std::string& name : report_.queue_names) {
    const auto found = queues.find(name);
    sample.queue_depth.push_back(found == queues.end() ? 0 : found->second.queued);
  }
  for (std::size_t state = 1; state <= report_.state_names.size(); ++state) {
    std::uint64_t sum = 0;
    for (const NodePage& page : head.in_use()) sum += page.outcomes[state];
    sample.states.push_back(sum);
  }
  sample.rss_bytes = fleet_.rss_bytes();
  report_.samples.push_back(std::move(sample));
  sampled_s_ = t_s;
}

/// Updates moved_us_ if a count changed. While all placed orders are finished and the next one is
/// not due, the wait counts as progress; so does that for servers which the run itself has hit: whoever
/// restores them gives them up.
void Watch::note_movement() {
  const WitnessHead& head = witness_.head();
  const std::uint64_t finished = head.finished();
  std::uint64_t waiting = 0;
  std::uint64_t gone = 0;
  for (const auto& [name, queue] : queues()) {
    if (name.ends_with(".dead")) continue;
    waiting += queue.queued;
    gone += queue.dead;
  }
  const bool is_idle = waiting == 0 && head.offered() == finished && finished < options_.orders;
  if (finished != finished_last_ || waiting != waiting_last_ || gone != gone_last_ || is_idle ||
      faults_.are_servers_hit()) {
    moved_us_ = clock_.steady_us();
  }
  finished_last_ = finished;
  waiting_last_ = waiting;
  gone_last_ = gone;
}

void Watch::look() {
  note_movement();
  const double t_s = elapsed_s();
  if (t_s - sampled_s_ >= progress_sample_interval_s) take_sample(t_s);
  report::ProgressState state{
      .finished = finished_last_, .total = options_.orders, .waiting = waiting_last_};
  for (const auto& [name, queue] : queues()) {
    state.retried += queue.redelivered;
    state.dead += queue.dead;
  }
  progress_.update(state, clock_.steady_us());
}

Watch::End Watch::fail(std::string why) {
  fleet_.kill_all();
  report_.failure = std::move(why);
  return End::failed;
}

Watch::End Watch::give_up() {
  fleet_.kill_all();
  for (std::uint32_t node = 0; node < fleet_.size(); ++node) {
    if (witness_.head().node[node].is_storage_full == 0) continue;
    return fail("storage_full: no room on the disk of " + fleet_.files(node).data_dir.string());
  }
  std::string why = "nothing moved for 90 s: " + report::with_commas(finished_last_) + " of " +
                    report::with_commas(options_.orders) + " orders are finished, " +
                    report::with_commas(waiting_last_) + " messages are queued";
  if (!report_.faults.empty()) {
    const report::Fault& last = report_.faults.back();
    why += "; the last fault was " + last.kind + " of " + last.node + ", " +
           std::to_string(static_cast<int>(elapsed_s() - last.at_s)) + " s ago";
  }
  report_.failure = std::move(why);
  return End::stalled;
}

/// A process may end with status 0 after a stop request, as a fault expects, by SIGKILL without request,
/// or, with standbys, with status 75; after the latter two a process is started in its place. Any other end
/// fails the run.
std::optional<Watch::End> Watch::note_ended(const Fleet::Ended& ended) {
  if (ended.was_requested && ended.end.signal == 0 && ended.end.exit_status == 0)
    return std::nullopt;
  if (faults_.expects(ended)) return std::nullopt;
  const std::string name =
      ended.node ? node_name(*ended.node) : process_name(options_, ended.process);
  // A SIGKILL without request comes from outside, for example from a user who tests recovery.
  const bool is_killed = ended.end.signal == SIGKILL && !ended.was_requested;
  const bool is_fenced =
      ended.end.signal == 0 && ended.end.exit_status == EX_TEMPFAIL && fleet_.has_standbys();
  if (is_killed || is_fenced) {
    auto started = faults_.note_end_from_outside(ended, clock_.steady_us());
    if (started) return std::nullopt;
    return fail(started.error().message);
  }
  if (ended.end.signal != 0) {
    return fail(name + " was ended by signal " + std::to_string(ended.end.signal));
  }
  if (!ended.failure.empty()) return fail(ended.failure);
  return fail(name + " ended with status " + std::to_string(ended.end.exit_status));
}

/// Returns whether all orders are finished and no node has a message to handle. The nodes check
/// their queues at different times, so that a message could move from a node that has not checked
/// yet to one that has. Therefore, after all nodes were idle, each must report rest_looks_more
/// further idle checks. A message between two nodes stays in its outbox until it is durable at the
/// target, so that one of the two nodes is not idle.
bool Watch::is_at_rest() {
  const WitnessHead& head = witness_.head();
  bool is_resting = head.finished() >= options_.orders;
  for (std::uint32_t node = 0; node < fleet_.size(); ++node) {
    const NodePage& page = head.node[node];
    is_resting = is_resting && fleet_.serves(node) && page.is_placed != 0 && page.rest_looks > 0;
  }
  if (!is_resting) {
    rest_from_.clear();
    return false;
  }
  const bool is_first = rest_from_.empty();
  bool has_looked = true;
  for (std::uint32_t node = 0; node < fleet_.size(); ++node) {
    const std::uint32_t looks = head.node[node].rest_looks;
    if (is_first) rest_from_.push_back(looks);
    if (looks < rest_from_[node]) rest_from_[node] = looks;
    has_looked = has_looked && looks >= rest_from_[node] + rest_looks_more;
  }
  return has_looked && !is_first;
}

/// Asks all nodes that serve to stop, once the standbys have ended: they would become each node that has
/// stopped.
void Watch::end_nodes() {
  if (fleet_.terminate_standbys()) return;
  for (std::uint32_t node = 0; node < fleet_.size(); ++node) {
    if (fleet_.serves(node) && !fleet_.is_stop_requested(node)) fleet_.terminate(node);
  }
}

/// If all work is done before all faults have started, the run continues with the remaining faults.
std::optional<Watch::End> Watch::end_where_at_rest() {
  if (!is_ending_) {
    if (!faults_.is_quiet() || !is_at_rest()) return std::nullopt;
    is_ending_ = true;
    end_nodes();
    return std::nullopt;
  }
  if (!faults_.is_quiet() || fleet_.is_any_running()) return std::nullopt;
  if (faults_.is_done()) return End::at_rest;
  is_ending_ = false;
  rest_from_.clear();
  faults_.note_all_ended(clock_.steady_us());
  if (auto started = fleet_.start_missing(); !started) return fail(started.error().message);
  return std::nullopt;
}

std::optional<Watch::End> Watch::step() {
  while (const auto ended = fleet_.take_ended()) {
    if (const auto end = note_ended(*ended)) return end;
  }
  if (interruption() != 0) {
    fleet_.kill_all();
    return End::interrupted;
  }
  if (auto done = faults_.step(clock_.steady_us(), is_ending_); !done) {
    return fail(done.error().message);
  }
  // Stop a node that a fault restarted while the other nodes stop.
  if (is_ending_ && faults_.is_quiet()) end_nodes();
  if (const auto end = end_where_at_rest()) return end;
  if (clock_.steady_us() - moved_us_ > patience_us) return give_up();
  return std::nullopt;
}

void Watch::wait() const {
  DurationUs span = faults_.is_recovering() ? look_interval_recovering_us : look_interval_us;
  if (const auto next_us = faults_.next_us()) {
    span = std::clamp<DurationUs>(*next_us - clock_.steady_us(), 0, span);
  }
  fleet_.wait(std::chrono::microseconds(span));
}

Watch::End Watch::run() {
  std::optional<End> end;
  take_sample(0);
  if (auto started = fleet_.start_missing(); !started) end = fail(started.error().message);
  while (!end) {
    wait();
    look();
    end = step();
  }
  take_sample(elapsed_s());
  progress_.clear();
  report_.shards_moved = fleet_.shards_moved();
  report_.rss_peak_bytes = fleet_.rss_peak_bytes();
  report_.cpu_s = fleet_.cpu_s();
  return *end;
}

}  // namespace millrace::simulate
