#include "apps/simulate/remote/remote.hpp"

#include <algorithm>
#include <csignal>
#include <iostream>
#include <thread>

#include <unistd.h>

#include "actors/base/names.hpp"
#include "apps/report/format.hpp"
#include "apps/report/progress.hpp"
#include "apps/simulate/interruption.hpp"
#include "apps/simulate/remote/customer.hpp"
#include "apps/simulate/remote/remote_audit.hpp"

namespace millrace::simulate {
namespace {

constexpr std::size_t customers_per_node = 8;
constexpr std::size_t customers_max = 32;
constexpr std::chrono::milliseconds round_interval{50};
constexpr double remote_sample_interval_s = 0.25;
constexpr std::size_t run_name_digits = 10;

/// Reason why a phase ended.
enum class End : std::uint8_t { done, stalled, unreachable, refused, interrupted };

class RemoteRunner {
 public:
  RemoteRunner(const RemoteOptions& options, const orders::Arrival& arrival,
               report::RunReport& report)
      : options_(options),
        report_(report),
        plan_(load_options(options.load)),
        // Random: the order ids of this run must differ from those that the nodes keep of earlier
        // runs.
        run_{"r" + random_name().substr(0, run_name_digits)},
        board_(options.load.orders, arrival, options.servers.size()),
        progress_(std::cerr, {.terminal = report::is_terminal(STDERR_FILENO),
                              .color = report::use_color(options.load.color, STDERR_FILENO),
                              .width = report::terminal_width(STDERR_FILENO)}) {
    const std::size_t customers =
        std::min(customers_per_node * options.servers.size(), customers_max);
    for (std::size_t number = 0; number < customers; ++number) {
      customers_.emplace_back([this, number] {
        Customer(plan_, run_, options_.connect, options_.servers.size(), number, board_).work();
      });
    }
  }

  ~RemoteRunner() { end_customers(); }
  RemoteRunner(const RemoteRunner&) = delete;
  RemoteRunner& operator=(const RemoteRunner&) = delete;

  Result<void> run() {
    End end = wait_for_phase(options_.load.orders);
    const RemoteCounts placed = board_.counts();
    std::vector<std::string> silent;
    if (end == End::stalled) {
      silent = silent_nodes();
      report_.failure = stall_text(placed, silent);
    }
    if (end == End::done || end == End::stalled) {
      board_.begin_reading();
      end = wait_for_phase(placed.placed);
      if (end == End::stalled && report_.failure.empty()) {
        report_.failure =
            "not all orders could be read: " + stall_text(board_.counts(), silent_nodes());
      }
    }
    progress_.clear();
    const RemoteCounts counts = board_.counts();
    end_customers();
    if (end == End::unreachable) return unreachable(counts);
    if (end == End::refused) return *counts.refusal;
    if (end == End::interrupted) {
      return Error{ErrorCode::expired, std::string("interrupted by ") +
                                           (interruption() == SIGINT ? "SIGINT" : "SIGTERM")};
    }
    report_.configuration.emplace_back("run", run_.name);
    audit_remote({.plan = plan_,
                  .run = run_,
                  .start_us = board_.start_us(),
                  .is_lost_when_missing = silent.empty(),
                  .orders = board_.orders()},
                 report_);
    return {};
  }

 private:
  End wait_for_phase(std::uint64_t wanted) {
    const DurationUs timeout_us = to_us(options_.timeout);
    bool is_warned = false;
    for (;;) {
      if (!board_.pause(round_interval)) return End::interrupted;
      const RemoteCounts counts = board_.counts();
      const TimeUs now_us = clock_.now_us();
      show(counts, now_us);
      if (interruption() != 0) return End::interrupted;
      if (counts.refusal) return End::refused;
      if (counts.ended >= wanted) return End::done;
      if (!is_warned && now_us - counts.answered_us > warn_us && counts.trouble) {
        is_warned = true;
        progress_.clear();
        std::cerr << "no node answers; giving up after " << options_.timeout.count() << " s\n";
      }
      if (now_us - counts.answered_us > timeout_us) {
        if (silent_nodes().size() == options_.servers.size()) return End::unreachable;
        board_.note_answered();
      }
      // No timeout while every placed order has ended and the next one is not due.
      const bool is_idle = !board_.is_reading() && counts.placed == counts.ended;
      if (!is_idle && now_us - std::max(counts.moved_us, idle_us_) > timeout_us) {
        return End::stalled;
      }
      if (is_idle) idle_us_ = now_us;
    }
  }

  void show(const RemoteCounts& counts, TimeUs now_us) {
    const double t_s = static_cast<double>(now_us - board_.start_us()) / 1e6;
    if (!board_.is_reading()) {
      progress_.update(
          {.finished = counts.ended, .total = options_.load.orders, .retried = counts.retried},
          now_us);
    }
    if (board_.is_reading() || t_s - sampled_s_ < remote_sample_interval_s) return;
    sampled_s_ = t_s;
    report::Sample sample;
    sample.t_s = t_s;
    sample.offered = counts.placed;
    sample.finished = counts.ended;
    report_.samples.push_back(std::move(sample));
  }

  /// Names of the nodes that do not answer now.
  std::vector<std::string> silent_nodes() {
    std::vector<std::string> silent;
    for (std::size_t node = 0; node < options_.servers.size(); ++node) {
      const auto answer = options_.connect(node)->get("/api/v1/status");
      if (!answer) silent.push_back(options_.servers[node]);
    }
    return silent;
  }

  std::string stall_text(const RemoteCounts& counts, const std::vector<std::string>& silent) const {
    std::string text = "nothing moved for " + std::to_string(options_.timeout.count()) +
                       " s: " + report::with_commas(counts.ended) + " of " +
                       report::with_commas(counts.placed) + " orders";
    for (const std::string& server : silent) text += "; " + server + " does not answer";
    return text;
  }

  Error unreachable(const RemoteCounts& counts) const {
    std::string text =
        "no node answered for " + std::to_string(options_.timeout.count()) + " s, expected one of";
    for (const std::string& server : options_.servers) text += " " + server;
    if (counts.trouble) text += "; last: " + counts.trouble->message;
    return {ErrorCode::unreachable, text};
  }

  void end_customers() {
    board_.stop();
    for (std::thread& customer : customers_) customer.join();
    customers_.clear();
  }

  static constexpr DurationUs warn_us = 2'000'000;

  const RemoteOptions& options_;
  report::RunReport& report_;
  const orders::LoadPlan plan_;
  const RemoteRun run_;
  SystemClock clock_;
  RemoteBoard board_;
  report::Progress progress_;
  double sampled_s_ = -1;
  TimeUs idle_us_ = 0;
  std::vector<std::thread> customers_;
};

}  // namespace

std::string order_ids(const report::RunReport& report) {
  RemoteRun run;
  for (const auto& [option, value] : report.configuration) {
    if (option == "run") run.name = value;
  }
  const std::uint64_t last = std::max<std::uint64_t>(report.orders_offered, 1) - 1;
  return run.order_id(0) + " to " + run.order_id(last);
}

Result<report::RunReport> simulate_remote(const RemoteOptions& options) {
  const auto arrival = orders::Arrival::parse(options.load.arrival);
  if (!arrival) return arrival.error();
  report::RunReport report;
  report.version = MILLRACE_VERSION;
  report.seed = options.load.seed;
  report.nodes = static_cast<std::uint32_t>(options.servers.size());
  std::string servers;
  for (const std::string& server : options.servers) {
    servers += (servers.empty() ? "" : ",") + server;
  }
  report.configuration = {{"server", servers},
                          {"orders", std::to_string(options.load.orders)},
                          {"customers", std::to_string(options.load.customers)},
                          {"skus", std::to_string(options.load.skus)},
                          {"arrival", options.load.arrival},
                          {"seed", std::to_string(options.load.seed)}};
  note_interruptions();
  if (auto ran = RemoteRunner(options, *arrival, report).run(); !ran) return ran.error();
  return report;
}

}  // namespace millrace::simulate
