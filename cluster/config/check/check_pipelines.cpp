// Cross checks of pipelines: names, wiring and options of stages. The runtime, not this check,
// reports a stage name that the program has not registered.
#include <algorithm>
#include <chrono>
#include <set>
#include <string>

#include <spdlog/fmt/fmt.h>

#include "actors/stage/stage_options.hpp"
#include "cluster/config/check/cross_checks.hpp"
#include "cluster/config/read/document.hpp"
#include "cluster/config/read/parse_value.hpp"
#include "cluster/config/read/schema.hpp"

namespace millrace::config {
namespace {

using std::chrono::microseconds;

std::set<std::string> roles_of_cluster(const Config& config) {
  std::set<std::string> roles(config.node.roles.begin(), config.node.roles.end());
  for (const MemberConfig& node : config.cluster.nodes) {
    roles.insert(node.roles.begin(), node.roles.end());
  }
  return roles;
}

void check_wiring(Complaints& complaints, const std::string& path, const PipelineConfig& pipeline) {
  const bool is_wired = !pipeline.stages.empty();
  if (is_wired && pipeline.from.empty()) {
    complaints.add(path + ".from", "expected a queue, as `stages` is set, got nothing",
                   path + ".stages");
  }
  for (const auto& [key, queue] :
       {std::pair("from", &pipeline.from), std::pair("to", &pipeline.to)}) {
    if (is_wired || queue->empty()) continue;
    complaints.add(path + ".stages",
                   fmt::format("expected stages, as `{}` is set, got nothing", key),
                   path + "." + key);
  }
  std::set<std::string> seen;
  for (const std::string& stage : pipeline.stages) {
    if (seen.insert(stage).second) continue;
    complaints.add(path + ".stages", "expected each stage once, got " + quote(stage) + " again");
  }
}

void check_stage_times(Complaints& complaints, const std::string& path, const StageConfig& stage) {
  const StageOptions defaults;
  const microseconds first = stage.retry_first.value_or(defaults.retry.first);
  const microseconds max = stage.retry_max.value_or(defaults.retry.max);
  if (stage.retry_first && stage.retry_max && max < first) {
    complaints.add(path + ".retry.max",
                   fmt::format("expected at least `first` ({}), got {}", show(first), show(max)));
  }
  const microseconds probe_first = stage.breaker_probe_first.value_or(defaults.breaker.probe_first);
  const microseconds probe_max = stage.breaker_probe_max.value_or(defaults.breaker.probe_max);
  if (stage.breaker_probe_first && stage.breaker_probe_max && probe_max < probe_first) {
    complaints.add(path + ".breaker.probe_max",
                   fmt::format("expected at least `probe_first` ({}), got {}", show(probe_first),
                               show(probe_max)));
  }
  if (stage.keep_state && stage.keep_state->count() > 0 &&
      complaints.config().runtime.state_cache_bytes == 0) {
    complaints.add(path + ".keep_state",
                   "expected 0us, as runtime.state_cache is 0B, got " + show(*stage.keep_state));
  }
  const microseconds timeout = stage.timeout.value_or(defaults.timeout);
  if (stage.batch_window && stage.timeout && *stage.batch_window > timeout) {
    complaints.add(path + ".batch.window", fmt::format("expected at most `timeout` ({}), got {}",
                                                       show(timeout), show(*stage.batch_window)));
  }
}

void check_external(Complaints& complaints, const std::string& path, const StageConfig& stage,
                    bool is_wired) {
  if (stage.is_external && !is_wired) {
    complaints.add(path + ".external",
                   "expected false, as the pipeline has no `stages` here, got true");
  }
  const auto set = complaints.names_below(path);
  if (stage.outputs && std::find(set.begin(), set.end(), "external") == set.end()) {
    complaints.add(path + ".outputs", "expected `external = true` beside it, got it alone");
  }
}

void check_stages(Complaints& complaints, const std::string& path, const PipelineConfig& pipeline,
                  const std::set<std::string>& roles) {
  for (const StageConfig& stage : pipeline.options) {
    const std::string at = join(path + ".stage", stage.name);
    const auto& stages = pipeline.stages;
    if (!stages.empty() && std::find(stages.begin(), stages.end(), stage.name) == stages.end()) {
      const auto names = complaints.names_below(at);
      complaints.add(at,
                     fmt::format("expected one of `stages` ({}), got {}", fmt::join(stages, ", "),
                                 quote(stage.name)),
                     names.empty() ? path + ".stages" : at + "." + names.front());
    }
    if (stage.role && !roles.contains(*stage.role)) {
      complaints.add(at + ".role", "expected a role that some node has (" +
                                       (roles.empty() ? "there is none"
                                                      : fmt::format("{}", fmt::join(roles, ", "))) +
                                       "), got " + quote(*stage.role));
    }
    check_external(complaints, at, stage, !pipeline.stages.empty());
    check_stage_times(complaints, at, stage);
  }
}

}  // namespace

void check_queue_types(Complaints& complaints) {
  const auto& queues = complaints.config().queues;
  for (std::size_t i = 0; i < queues.size(); ++i) {
    if (queues[i].key.empty() || queues[i].type == ValueType::json) continue;
    complaints.add(fmt::format("queue.{}.key", i),
                   "expected `type = \"json\"` beside it, got " + quote(queues[i].key));
  }
}

void check_queue_leases(Complaints& complaints) {
  const auto& queues = complaints.config().queues;
  for (std::size_t i = 0; i < queues.size(); ++i) {
    const std::string path = fmt::format("queue.{}.outputs", i);
    const auto& outputs = queues[i].outputs;
    const auto set = complaints.names_below(fmt::format("queue.{}", i));
    if (!outputs.empty() && std::find(set.begin(), set.end(), "leases") == set.end()) {
      complaints.add(path, "expected `leases = true` beside it, got it alone");
    }
    if (std::find(outputs.begin(), outputs.end(), queues[i].name) != outputs.end()) {
      complaints.add(path, "expected other queues, got " + quote(queues[i].name) +
                               ", which is the queue itself");
    }
  }
}

void check_pipelines(Complaints& complaints) {
  if (complaints.is_sound("queue")) {
    check_queue_types(complaints);
    check_queue_leases(complaints);
  }
  if (!complaints.is_sound("pipeline") || !complaints.is_sound("cluster.nodes")) return;
  const auto& pipelines = complaints.config().pipelines;
  const std::set<std::string> roles = roles_of_cluster(complaints.config());
  std::set<std::string> names;
  for (std::size_t i = 0; i < pipelines.size(); ++i) {
    const std::string path = fmt::format("pipeline.{}", i);
    if (!names.insert(pipelines[i].name).second) {
      complaints.add(path + ".name", "expected a name of its own, got " + quote(pipelines[i].name) +
                                         ", which another pipeline has");
    }
    check_wiring(complaints, path, pipelines[i]);
    check_stages(complaints, path, pipelines[i], roles);
  }
}

}  // namespace millrace::config
