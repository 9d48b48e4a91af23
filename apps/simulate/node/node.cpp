#include "apps/simulate/node/node.hpp"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstring>
#include <ctime>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <sysexits.h>

#include "actors/pipeline/pipeline.hpp"
#include "apps/orders/load/arrival.hpp"
#include "apps/orders/load/load_plan.hpp"
#include "apps/orders/queues.hpp"
#include "apps/orders/workflow/wiring.hpp"
#include "apps/serve/signals.hpp"
#include "apps/simulate/node/load_generator.hpp"
#include "apps/simulate/node/seat.hpp"
#include "apps/simulate/node/shard_mover.hpp"
#include "apps/simulate/node/shell/gateway_host.hpp"
#include "apps/simulate/node/slow_file_system.hpp"
#include "cluster/config/file/load.hpp"
#include "cluster/node/cluster_node.hpp"
#include "cluster/node/log_engine.hpp"

namespace millrace::simulate {
namespace {

constexpr std::chrono::milliseconds signal_interval{200};
constexpr std::chrono::milliseconds count_interval{10};  ///< between counts of confirmed records
constexpr std::chrono::seconds drain_timeout{30};
constexpr std::size_t gateway_desks = 8;

/// Handler of orders.finished: records the outcome of each order in witness memory.
class NoteFinished {
 public:
  /// `seat` must be taken before the first call.
  NoteFinished(WitnessMemory& witness, std::shared_ptr<const Seat> seat, Bell& bell,
               const Clock& clock)
      : witness_(&witness), seat_(std::move(seat)), bell_(&bell), clock_(&clock) {}

  void operator()(const orders::OrderFinished& finished) const {
    const std::uint64_t number = order_number(finished.order_id());
    if (number >= witness_->orders().size()) return;  // the audit reports the unknown order
    OrderPage& page = witness_->orders()[number];
    const auto outcome = static_cast<std::uint16_t>(seat_->node() << 8 |
                                                    static_cast<std::uint8_t>(finished.status()));
    std::uint16_t none = 0;
    // The outcome is already recorded if the message is redelivered after a crash.
    if (!page.outcome.compare_exchange_strong(none, outcome)) return;
    WitnessHead& head = witness_->head();
    NodePage& own = seat_->page();
    const SteadyUs now_us = clock_->steady_us();
    own.latency.record(std::max<DurationUs>(0, now_us - page.due_us));
    head.last_finished_at_us = now_us;
    own.outcomes[status_of(outcome) % state_max] += 1;
    own.finished += 1;
    std::int64_t not_yet = 0;
    if (head.finished() >= mostly(head.orders)) {
      head.mostly_finished_at_us.compare_exchange_strong(not_yet, now_us);
    }
    bell_->ring();
  }

 private:
  WitnessMemory* witness_;
  std::shared_ptr<const Seat> seat_;
  Bell* bell_;
  const Clock* clock_;
};

orders::OrderWorkflow make_workflow(const Options& options, orders::GatewayBooks& books) {
  orders::OrderWorkflow workflow;
  workflow.stock = std::make_shared<const orders::StockPlan>(stock_options(options));
  workflow.gateway = std::make_shared<GatewayHost>(
      orders::SimulatedGateway::Options{
          .seed = options.seed, .faults = orders::GatewayFaults::at_rate(options.gateway_faults)},
      books, gateway_desks);
  workflow.credit.seed = options.seed;
  workflow.shipping.seed = options.seed;
  // Short: some payments never succeed by plan, and the run lasts until their orders give up.
  workflow.saga.answer_timeout = std::chrono::seconds(2);
  return workflow;
}

/// Publishes the counts of the queues, and whether all queues are idle, in witness memory.
void look_at_queues(Runtime& runtime, NodePage& page, bool is_moving) {
  bool at_rest = !is_moving;
  std::size_t count = 0;
  for (const QueueInfo& info : runtime.queues()) {
    const bool is_dead_letters = info.name.ends_with(".dead");
    if (!is_dead_letters && (info.ledger.queued() > 0 || info.in_flight > 0)) at_rest = false;
    if (count >= queue_max) continue;
    QueuePage& queue = page.queues[count++];
    std::strncpy(queue.name.data(), info.name.c_str(), queue.name.size() - 1);
    queue.queued = info.ledger.queued();
    queue.redelivered = info.ledger.redelivered;
    queue.dead = info.ledger.dead;
  }
  page.queue_count = static_cast<std::uint32_t>(count);
  page.is_storage_full = runtime.is_storage_full() ? 1 : 0;
  page.rest_looks = at_rest ? page.rest_looks + 1 : 0;
}

/// Waits for a signal for signal_interval, and counts the records that the log confirms meanwhile.
std::optional<int> count_until_signal(const serve::Signals& signals, const Runtime& runtime,
                                      const Seat& seat, std::uint64_t& counted) {
  for (auto left = signal_interval; left.count() > 0; left -= count_interval) {
    const auto signal = signals.wait(count_interval);
    const std::uint64_t records = runtime.log_stats().records;
    seat.page().confirmed += records - std::exchange(counted, records);
    if (signal) return signal;
  }
  return std::nullopt;
}

Result<config::Config> read_config(const NodeOptions& options) {
  const config::Resolved resolved =
      config::load({.file = options.config.string(), .sets = options.sets}, std::time(nullptr));
  if (resolved.problems.empty()) return resolved.config;
  return Error{ErrorCode::invalid_argument, to_string(resolved.problems.front())};
}

/// SIGTERM ends the wait for a node to become.
class SeatWait {
 public:
  /// `engine`: null: nothing is waited for.
  SeatWait(std::shared_ptr<logs::Engine> engine, const serve::Signals& signals) {
    if (!engine) return;
    thread_ = std::thread([this, engine = std::move(engine), &signals] {
      while (!is_over_) {
        if (signals.wait(count_interval) != SIGTERM) continue;
        was_ended_ = true;
        engine->cancel();
        return;
      }
    });
  }
  ~SeatWait() { end(); }
  SeatWait(const SeatWait&) = delete;
  SeatWait& operator=(const SeatWait&) = delete;

  void end() {
    is_over_ = true;
    if (thread_.joinable()) thread_.join();
  }
  [[nodiscard]] bool was_ended() const { return was_ended_; }

 private:
  std::atomic<bool> is_over_ = false;
  std::atomic<bool> was_ended_ = false;
  std::thread thread_;
};

Result<void> run(const Options& options, const NodeOptions& own, WitnessMemory& witness,
                 const serve::Signals& signals) {
  const auto config = read_config(own);
  if (!config) return config.error();
  const orders::LoadPlan plan(load_options(options));
  auto arrival = orders::Arrival::parse(options.arrival);
  if (!arrival) return arrival.error();
  WitnessHead& head = witness.head();
  const auto seat = std::make_shared<Seat>(witness, own.process);
  if (own.node) seat->take(*own.node);
  WitnessBooks books(witness.orders());
  std::optional<SlowFileSystem> files;
  Bell bell;
  const SystemClock clock;

  const auto finished = pipeline("customers")
                            .from(orders::finished_queue())
                            .then("noted", NoteFinished(witness, seat, bell, clock));
  ProcessPage& process = head.process[own.process];
  auto log = cluster::make_log_engine(*config, {.on_wait = [&](const Error&) {
    process.is_waiting = own.node ? 0 : 1;
  }});
  if (!log) return log.error();
  SeatWait wait(log->engine, signals);
  auto node = cluster::ClusterNode::start(
      *config, {order_pipeline(make_workflow(options, books)), finished},
      {.log = *log,
       .on_named =
           [&](const std::string& name) {
             process.is_waiting = 0;
             seat->take(node_number(name, head.nodes).value_or(0));
           },
       .adjust =
           [&](RuntimeOptions& runtime) {
             files.emplace(seat->page().disk_delay_us);
             runtime.files = &*files;
             runtime.state_dir = runtime.data_dir / "state";
             runtime.seed = options.seed + seat->node();
             if (options.checkpoint_bytes != 0)
               runtime.checkpoint_log_bytes = options.checkpoint_bytes;
           }});
  wait.end();
  if (!node) {
    if (wait.was_ended() && node.error().code == ErrorCode::draining) return {};
    return node.error();
  }
  if (wait.was_ended()) return (*node)->stop(drain_timeout);  // it came too late for the wait
  NodePage& page = seat->page();
  page.port = (*node)->port();
  const auto make_sender = [&] {
    return (*node)->runtime().sender(orders::placed_queue(),
                                     {.producer = "customers-" + (*node)->name()});
  };
  auto sender = make_sender();
  // A node on an older copy takes no sender before the other nodes have said what they remember of it.
  while (!sender && sender.error().code == ErrorCode::draining) {
    if (signals.wait(signal_interval) == SIGTERM) return (*node)->stop(drain_timeout);
    sender = make_sender();
  }
  if (!sender) return sender.error();

  std::int64_t none = 0;
  head.started_at_us.compare_exchange_strong(none, clock.steady_us());
  page.served_at_us = clock.steady_us();
  page.serving_pid = seat->pid();
  std::atomic<bool> is_stopping = false;
  LoadGenerator generator({plan, *arrival, witness, seat->node(), bell, clock, is_stopping});
  Result<void> placed;
  std::atomic<bool> is_done = false;
  std::thread customers([&] {
    placed = generator.run(*sender);
    if (placed) page.is_placed = 1;
    is_done = true;
  });
  ShardMover mover(**node, page, (*node)->name(), orders::finished_queue().name(),
                   config->cluster.shards, options.seed + seat->node());
  std::uint64_t counted = 0;
  while (count_until_signal(signals, (*node)->runtime(), *seat, counted) != SIGTERM) {
    mover.look();
    if (seat->is_held()) look_at_queues((*node)->runtime(), page, mover.is_moving());
    if (is_done && page.is_placed == 0) break;
  }
  is_stopping = true;
  bell.ring();
  Result<void> stopped = (*node)->stop(drain_timeout);
  customers.join();
  if (!placed && placed.error().code != ErrorCode::draining) return placed;
  return stopped;
}

}  // namespace

int run_node(const Options& options, const NodeOptions& own, WitnessMemory& witness) {
  const serve::Signals signals;
  // A single node logs to the terminal that shows the progress: warnings and errors only, and not to
  // standard output, which is the report's.
  if (own.config.empty()) {
    spdlog::set_default_logger(spdlog::stderr_logger_mt("millrace"));
    spdlog::set_level(spdlog::level::warn);
  }
  const Result<void> served = run(options, own, witness, signals);
  if (served) return 0;
  ProcessPage& page = witness.head().process[own.process];
  const std::string name =
      page.node == 0 ? "process-" + std::to_string(own.process + 1) : node_name(page.node - 1);
  const std::string failure =
      name + ": " + std::string(to_string(served.error().code)) + ": " + served.error().message;
  std::strncpy(page.failure.data(), failure.c_str(), page.failure.size() - 1);
  return served.error().code == ErrorCode::fenced ? EX_TEMPFAIL : 1;
}

}  // namespace millrace::simulate
