#include "apps/serve/serve_node.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <map>
#include <memory>
#include <string_view>
#include <thread>

#include <spdlog/spdlog.h>
#include <unistd.h>

#include "actors/base/log_queue.hpp"
#include "apps/serve/exit_status.hpp"
#include "apps/serve/liveness.hpp"
#include "apps/serve/log_setup.hpp"
#include "apps/serve/service_manager.hpp"
#include "cluster/node/cluster_node.hpp"
#include "cluster/node/log_engine.hpp"
#include "cluster/node/standby.hpp"

namespace millrace::serve {
namespace {

using cluster::ClusterNode;

/// For one look at the queues, and to the next one without a watchdog.
constexpr std::chrono::milliseconds answer_max{5'000};
constexpr std::chrono::milliseconds look_interval{10'000};
constexpr std::chrono::hours signal_wait{24};  // then the certificates are looked at
constexpr std::chrono::milliseconds drain_look_interval{20};
/// Of a process that has no seat yet, in its log.
constexpr const char* standby_name = "standby";

bool is_end(int signal) {
  return signal == SIGTERM || signal == SIGINT;
}

/// Whether a running node takes a new value of the key; see ClusterNode::reload().
bool is_reloadable(const std::string& key) {
  constexpr std::array<std::string_view, 5> keys{"log.level", "node.roles", "cluster.nodes.",
                                                 "cluster.overrides", "tls."};
  return std::any_of(keys.begin(), keys.end(),
                     [&](std::string_view each) { return key.starts_with(each); });
}

std::map<std::string, std::string> values_of(const std::vector<config::Setting>& settings) {
  std::map<std::string, std::string> values;
  for (const config::Setting& setting : settings) values[setting.path] = setting.value;
  return values;
}

/// Returns the keys that differ.
std::vector<std::string> changed_keys(const std::vector<config::Setting>& before,
                                      const std::vector<config::Setting>& after) {
  auto old_values = values_of(before);
  std::vector<std::string> keys;
  for (auto& [key, value] : values_of(after)) {
    const auto old_value = old_values.find(key);
    if (old_value == old_values.end() || old_value->second != value) keys.push_back(key);
    if (old_value != old_values.end()) old_values.erase(old_value);
  }
  for (const auto& [key, value] : old_values) keys.push_back(key);
  return keys;
}

/// Sets `running` to the settings in use.
void reload(const ServeOptions& options, ClusterNode& node, std::vector<config::Setting>& running) {
  const config::Resolved resolved = options.reload();
  if (!resolved.problems.empty()) {
    for (const config::Problem& problem : resolved.problems) {
      spdlog::error("not reloaded: {}", to_string(problem));
    }
    return;
  }
  if (const auto reloaded = node.reload(resolved.config); !reloaded) {
    spdlog::error("not reloaded: {}; all stays as it was", reloaded.error().message);
    return;
  }
  set_log_level(resolved.config.log.level);
  for (const std::string& key : changed_keys(running, resolved.settings)) {
    if (is_reloadable(key)) {
      spdlog::info("reloaded: {}", key);
    } else {
      spdlog::warn("not reloaded: {} has changed, and takes effect at the next start", key);
    }
  }
  std::erase_if(running, [](const config::Setting& one) { return is_reloadable(one.path); });
  for (const config::Setting& setting : resolved.settings) {
    if (is_reloadable(setting.path)) running.push_back(setting);
  }
  spdlog::info("reloaded the configuration; new links use the files of tls");
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
  std::vector<config::Setting> running = options.settings;
  for (;;) {
    const auto signal = signals.wait(signal_wait);
    if (!signal) {
      node.check_certificates();
      continue;
    }
    if (is_end(*signal)) {
      spdlog::info("signal {}: draining", *signal);
      return;
    } else if (*signal == SIGHUP) {
      reload(options, node, running);
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

/// While a node starts: SIGTERM or SIGINT ends its wait for the seat and for the server, and the service
/// manager hears that the process is alive.
class StartWatch {
 public:
  /// `engine` null: a start does not wait.
  StartWatch(std::shared_ptr<logs::Engine> engine, const Signals& signals,
             ServiceManager& manager) {
    if (!engine) return;
    thread_ = std::thread([this, engine = std::move(engine), &signals, &manager] {
      constexpr int alive_looks = 50;  // about a second
      for (int looks = 1; !is_over_; ++looks) {
        if (looks % alive_looks == 0) manager.alive();
        const auto signal = signals.wait(drain_look_interval);
        if (!signal || !is_end(*signal)) continue;
        spdlog::info("signal {}: the start is given up", *signal);
        is_cancelled_ = true;
        engine->cancel();
        return;
      }
    });
  }
  ~StartWatch() { end(); }
  StartWatch(const StartWatch&) = delete;
  StartWatch& operator=(const StartWatch&) = delete;

  void end() {
    is_over_ = true;
    if (thread_.joinable()) thread_.join();
  }
  [[nodiscard]] bool is_cancelled() const { return is_cancelled_; }

 private:
  std::atomic<bool> is_over_ = false;
  std::atomic<bool> is_cancelled_ = false;
  std::thread thread_;
};

int end_with(const Error& error) {
  spdlog::critical("{}: {}", to_string(error.code), error.message);
  return exit_status_of(error.code);
}

}  // namespace

int serve_node(const ServeOptions& options, const Signals& signals) {
  const bool takes_any = options.config.node.name == config::any_seat;
  set_up_log(options.config.log, takes_any ? standby_name : options.config.node.name);
  ServiceManager manager;
  // Signals the process, not a thread: all threads block SIGTERM, and run() waits for it.
  const auto on_drain = [] {
    kill(getpid(), SIGTERM);
  };
  config::Config config = options.config;
  std::unique_ptr<cluster::Standby> standby;
  if (takes_any) {
    auto waiting = cluster::Standby::start(config, {options.version, on_drain});
    if (!waiting) return end_with(waiting.error());
    standby = *std::move(waiting);
    config.listen.http = standby->address();  // the node keeps it
    spdlog::info("standby: HTTP at {}", standby->address());
  }
  auto log =
      cluster::make_log_engine(config, {.on_wait =
                                            [&](const Error& reason) {
                                              spdlog::info("the start waits: {}", reason.message);
                                              if (standby) standby->set_reason(reason);
                                              manager.ready("waits: " + reason.message);
                                            },
                                        .on_look =
                                            [&](const std::vector<postgres_log::Seat>& seats) {
                                              if (standby) standby->set_seats(seats);
                                            },
                                        .on_follow =
                                            [&](const std::vector<FollowStatus>& follows) {
                                              if (standby) {
                                                standby->set_follows(cluster::text_of(follows));
                                              }
                                            }});
  if (!log) return end_with(log.error());
  StartWatch watch(log->engine, signals, manager);
  auto node = ClusterNode::start(config, options.pipelines,
                                 {.version = options.version,
                                  .accepts_loss = options.accepts_loss,
                                  .log = *log,
                                  .on_named = [&](const std::string& name) { set_log_node(name); },
                                  .before_http =
                                      [&] {
                                        if (standby) standby->stop();
                                      },
                                  .resources = options.resources,
                                  .metrics = options.metrics,
                                  .on_drain = on_drain});
  watch.end();
  if (!node) {
    if (watch.is_cancelled() && node.error().code == ErrorCode::draining) return EXIT_SUCCESS;
    return end_with(node.error());
  }
  if (watch.is_cancelled()) on_drain();  // it came too late for the wait: run() takes it
  manager.ready("node " + (*node)->name() + " of cluster " + config.cluster.name);
  Liveness liveness(liveness_of(manager, (*node)->runtime()));
  if (options.on_start) options.on_start((*node)->runtime());
  run(options, signals, **node);
  if (options.on_stop) options.on_stop();
  liveness.end();
  const auto timeout = std::chrono::ceil<std::chrono::milliseconds>(config.drain.timeout);
  manager.stopping(config.drain.timeout);
  if (const auto drained = drain(**node, signals, timeout); !drained)
    return end_with(drained.error());
  spdlog::info("drained: all that was in progress has ended or is back in its queue");
  return EXIT_SUCCESS;
}

}  // namespace millrace::serve
