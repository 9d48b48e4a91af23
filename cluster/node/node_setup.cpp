#include "cluster/node/node_setup.hpp"

#include <algorithm>
#include <chrono>
#include <span>
#include <string>
#include <utility>

#include "actors/base/names.hpp"
#include "actors/pipeline/wiring.hpp"
#include "cluster/config/address.hpp"
#include "cluster/kafka/broker/topic_store.hpp"
#include "cluster/node/leased_queues.hpp"
#include "cluster/node/wired_pipeline.hpp"

namespace millrace::cluster {
namespace {

using config::Config;
using config::PipelineConfig;
using config::QueueConfig;
using config::StageConfig;
using std::chrono::microseconds;

Result<transport::Address> to_address(const std::string& text) {
  const auto address = config::parse_address(text);
  if (!address) {
    return Error{ErrorCode::invalid_argument,
                 "expected an address host:port, got \"" + text + "\""};
  }
  return transport::Address{address->host, address->port};
}

std::chrono::milliseconds to_ms(microseconds span) {
  return std::chrono::ceil<std::chrono::milliseconds>(span);
}

/// Applies the limits of a queue that are set to the options of the stage that reads it. They
/// override the program's options, with their default value too.
void apply(StageOptions& options, const QueueConfig& queue) {
  const queues::Limits& limits = queue.limits;
  if (queue.set_keys.contains("lease")) options.timeout = microseconds(limits.lease_us);
  if (queue.set_keys.contains("failed_max")) options.retry.attempts = limits.failed_max + 1;
  if (queue.set_keys.contains("retry_first")) {
    options.retry.first = microseconds(limits.retry_first_us);
  }
  if (queue.set_keys.contains("retry_max")) options.retry.max = microseconds(limits.retry_max_us);
}

template <class Value>
void set(Value& option, const std::optional<Value>& configured) {
  if (configured) option = *configured;
}

void apply(StageOptions& options, const StageConfig& configured) {
  set(options.workers, configured.workers);
  set(options.breaker.failures_percent, configured.breaker_failures);
  set(options.breaker.outcomes_min, configured.breaker_outcomes);
  set(options.breaker.window, configured.breaker_window);
  set(options.breaker.probe_first, configured.breaker_probe_first);
  set(options.breaker.probe_max, configured.breaker_probe_max);
  set(options.retry.attempts, configured.retry_attempts);
  set(options.retry.first, configured.retry_first);
  set(options.retry.max, configured.retry_max);
  set(options.batch.max, configured.batch_max);
  set(options.batch.window, configured.batch_window);
  set(options.in_progress, configured.in_progress);
  set(options.timeout, configured.timeout);
  set(options.keep_state, configured.keep_state);
  set(options.dead_letter, configured.dead_letter);
  set(options.was, configured.was);
}

template <class Item>
std::vector<std::string> names_of(std::span<const Item> items) {
  std::vector<std::string> names;
  for (const Item& item : items) names.push_back(item.name);
  return names;
}

/// Returns the item of this name, or an error that names the place where it was expected.
template <class Item>
Result<Item*> find(std::vector<Item>& items, const std::string& name, const std::string& what) {
  for (Item& item : items) {
    if (item.name == name) return &item;
  }
  const std::string near = nearest_word(name, names_of(std::span<const Item>(items)));
  return Error{ErrorCode::invalid_argument,
               what + ": this program has none of that name" +
                   (near.empty() ? "" : "; did you mean " + near + "?")};
}

/// Checks that each configured queue exists in a pipeline; otherwise its limits would have no
/// effect.
Result<void> check_queues(const Config& config, const std::vector<PipelineSpec>& pipelines) {
  std::vector<QueueSpec> queues;
  for (const PipelineSpec& pipeline : pipelines) {
    for (const StageSpec& stage : pipeline.stages) {
      queues.push_back(stage.source);
      queues.push_back({dead_letter_queue(stage), "", {}});
      queues.insert(queues.end(), stage.targets.begin(), stage.targets.end());
    }
  }
  if (!config.kafka.listen.empty()) queues.push_back({kafka::topic_store, "", {}});
  for (const QueueConfig& queue : config.queues) {
    if (auto known = find(queues, queue.name, "queue " + queue.name); !known) return known.error();
  }
  return {};
}

}  // namespace

RuntimeOptions runtime_options(const Config& config) {
  RuntimeOptions options;
  options.data_dir = config.node.data_dir;
  options.shards = config.cluster.shards;
  options.threads = config.runtime.threads;
  options.scheduler = config.caf.policy;
  options.turn_messages = config.caf.max_throughput;
  options.body_cache_bytes = config.runtime.body_cache_bytes;
  options.state_cache_bytes = config.runtime.state_cache_bytes;
  options.start_paused = config.runtime.start_paused;
  options.checkpoint_log_bytes = config.runtime.checkpoint_log_bytes;
  options.journal = config.journal;
  if (!config.kafka.listen.empty())
    options.limits.topic_retention_us = config.kafka.retention.count();
  for (const QueueConfig& queue : config.queues) {
    options.queue_limits[queue.name] = queue.limits;
    options.queue_limits[queue.name].topic_retention_us = options.limits.topic_retention_us;
    if (queue.set_keys.contains("body_cache")) options.own_body_cache.insert(queue.name);
  }
  return options;
}

std::optional<transport::TlsFiles> tls_files(const config::TlsConfig& tls) {
  if (!tls.is_on()) return std::nullopt;
  return transport::TlsFiles{tls.ca, tls.certificate, tls.key};
}

Result<transport::TransportOptions> transport_options(
    const Config& config, std::uint64_t incarnation,
    const std::map<std::string, std::uint64_t>& peers) {
  transport::TransportOptions options;
  options.own = {.cluster = config.cluster.name,
                 .node = config.node.name,
                 .incarnation = incarnation,
                 .protocol_version = protocol_version,
                 .features = features};
  auto listen = to_address(config.listen.cluster);
  if (!listen) return listen.error();
  options.listen = std::move(*listen);
  for (const config::MemberConfig& member : config.cluster.nodes) {
    if (member.name == config.node.name) continue;
    transport::Peer& peer = options.peers.emplace_back();
    peer.name = member.name;
    if (const auto lowest = peers.find(member.name); lowest != peers.end()) {
      peer.incarnation = lowest->second;
    }
    if (member.address.empty()) continue;  // not known yet
    auto address = to_address(member.address);
    if (!address) return address.error();
    peer.address = std::move(*address);
  }
  options.tls = tls_files(config.tls);
  options.consecutive_reads_max = config.caf.max_consecutive_reads;
  options.ping_interval = to_ms(config.membership.heartbeat);
  options.silence_max =
      std::max(to_ms(config.membership.acceptable_pause), 2 * options.ping_interval) +
      2 * options.ping_interval;
  return options;
}

Result<std::vector<PipelineSpec>> configured(std::vector<PipelineSpec> pipelines,
                                             const Config& config) {
  const std::vector<PipelineSpec> program = pipelines;
  for (const PipelineConfig& pipeline_config : config.pipelines) {
    if (pipeline_config.stages.empty()) continue;
    const auto is_it = [&](const PipelineSpec& pipeline) {
      return pipeline.name == pipeline_config.name;
    };
    if (std::any_of(pipelines.begin(), pipelines.end(), is_it)) {
      return Error{ErrorCode::invalid_argument,
                   "pipeline " + pipeline_config.name + ": there is one of that name already"};
    }
    auto wired = wire(pipeline_config, program, config.queues);
    if (!wired) return wired.error();
    pipelines.push_back(std::move(*wired));
  }
  auto leased = lease_queues(pipelines, config.queues);
  if (!leased) return leased.error();
  if (*leased) pipelines.push_back(**std::move(leased));
  if (auto known = check_queues(config, pipelines); !known) return known.error();
  for (const QueueConfig& queue : config.queues) {
    for (PipelineSpec& pipeline : pipelines) {
      for (StageSpec& stage : pipeline.stages) {
        if (stage.source.name == queue.name) apply(stage.options, queue);
      }
    }
  }
  for (const PipelineConfig& pipeline_config : config.pipelines) {
    auto pipeline = find(pipelines, pipeline_config.name, "pipeline " + pipeline_config.name);
    if (!pipeline) return pipeline.error();
    for (const StageConfig& options : pipeline_config.options) {
      auto stage = find((*pipeline)->stages, options.name,
                        "stage " + options.name + " of pipeline " + pipeline_config.name);
      if (!stage) return stage.error();
      if ((options.batch_max || options.batch_window) && !(*stage)->is_batch) {
        return Error{ErrorCode::invalid_argument, "stage " + options.name + " of pipeline " +
                                                      pipeline_config.name +
                                                      ": it takes no batches"};
      }
      apply((*stage)->options, options);
    }
  }
  return pipelines;
}

}  // namespace millrace::cluster
