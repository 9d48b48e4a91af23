#include "apps/serve/serve_node.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <thread>

#include <spdlog/spdlog.h>
#include <sysexits.h>
#include <unistd.h>

#include "actors/base/log_queue.hpp"
#include "apps/serve/liveness.hpp"
#include "apps/serve/log_setup.hpp"
#include "apps/serve/service_manager.hpp"
#include "cluster/node/cluster_node.hpp"

namespace millrace::serve {
namespace {

using cluster::ClusterNode;

/// For one look at the queues, and to the next one without a watchdog.
constexpr std::chrono::milliseconds answer_max{5'000};
constexpr std::chrono::milliseconds look_interval{10'000};
constexpr std::chrono::hours signal_wait{1};
constexpr std::chrono::milliseconds drain_look_interval{20};

bool is_end(int signal) {
  return signal == SIGTERM || signal == SIGINT;
}

int fail(const Error& error) {
  spdlog::critical("{}: {}", to_string(error.code), error.message);
  return EXIT_FAILURE;
}

void reload(const ServeOptions& options, ClusterNode& node) {
  const config::Resolved resolved = options.reload();
  if (!resolved.problems.empty()) {
    for (const config::Problem& problem : resolved.problems) {
      spdlog::error("not reloaded: {}", to_string(problem));
    }
    return;
  }
  set_log_level(resolved.config.log.level);
  if (const auto renewed = node.reload_tls(resolved.config.tls); !renewed) {
    spdlog::error("not reloaded: {}; the TLS files of before stay in use", renewed.error().message);
    return;
  }
  spdlog::info(
      "reloaded: log.level and the files of tls; all other keys take effect at the next start");
}

std::vector<std::string> silent_queues(Runtime& runtime, std::chrono::milliseconds within) {
  std::vector<std::string> names;
  for (QueueInfo& queue : runtime.queues(within)) {
    if (queue.unanswered > 0) names.push_back(std::move(queue.name));
  }
  return names;
}

/// Asks the queues often enough for the watchdog, if there is one: a question and the next one's
/// answer take less than its time.
Liveness::Options liveness_of(ServiceManager& manager, Runtime& runtime) {
  auto interval = look_interval;
  if (const auto watchdog = manager.watchdog()) {
    interval =
        std::min(interval, std::chrono::duration_cast<std::chrono::milliseconds>(*watchdog / 3));
  }
  return {.interval = interval,
          .silent_queues =
              [&runtime, within = std::min(interval, answer_max)] {
                return silent_queues(runtime, within);
              },
          .alive =
              [&manager] {
                manager.alive();
              }};
}

/// Serves until SIGTERM or SIGINT; reloads on SIGHUP.
void run(const ServeOptions& options, const Signals& signals, ClusterNode& node) {
  for (;;) {
    const auto signal = signals.wait(signal_wait);
    if (!signal) continue;
    if (is_end(*signal)) {
      spdlog::info("signal {}: draining", *signal);
      return;
    } else if (*signal == SIGHUP) {
      reload(options, node);
    } else {
      // The log goes to stderr; rotation is up to the process that reads it.
      spdlog::info("signal {}: there is no log file to open anew", *signal);
    }
  }
}

/// Stops the node within `timeout`. A further SIGTERM or SIGINT ends the process at once, without
/// return: that is as safe as a crash.
Result<void> drain(ClusterNode& node, const Signals& signals, std::chrono::milliseconds timeout) {
  Result<void> drained;
  std::atomic<bool> is_done = false;
  std::thread draining([&] {
    drained = node.stop(timeout);
    is_done = true;
  });
  while (!is_done) {
    const auto signal = signals.wait(drain_look_interval);
    if (!signal || !is_end(*signal)) continue;
    spdlog::warn("signal {} again: ending at once", *signal);
    flush_log();
    std::_Exit(128 + *signal);
  }
  draining.join();
  return drained;
}

}  // namespace

int serve_node(const ServeOptions& options, const Signals& signals) {
  set_up_log(options.config.log, options.config.node.name);
  ServiceManager manager;
  auto node = ClusterNode::start(options.config, options.pipelines,
                                 {.version = options.version,
                                  .accepts_loss = options.accepts_loss,
                                  .resources = options.resources,
                                  .on_drain = [] {
                                    // Signals the process, not a thread: all threads block SIGTERM, and run() waits for it.
                                    kill(getpid(), SIGTERM);
                                  }});
  if (!node) {
    // invalid_argument: a configuration mistake that only the program can detect, for example a
    // stage that it does not register.
    const int status = fail(node.error());
    return node.error().code == ErrorCode::invalid_argument ? EX_CONFIG : status;
  }
  manager.ready("node " + options.config.node.name + " of cluster " + options.config.cluster.name);
  Liveness liveness(liveness_of(manager, (*node)->runtime()));
  run(options, signals, **node);
  liveness.end();
  const auto timeout = std::chrono::ceil<std::chrono::milliseconds>(options.config.drain.timeout);
  manager.stopping(options.config.drain.timeout);
  if (const auto drained = drain(**node, signals, timeout); !drained) return fail(drained.error());
  spdlog::info("drained: all that was in progress has ended or is back in its queue");
  return EXIT_SUCCESS;
}

}  // namespace millrace::serve
