#include "apps/bench/cluster_bench.hpp"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <ctime>
#include <fstream>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include <nlohmann/json.hpp>

#include "apps/processes/node_process.hpp"
#include "apps/serve/config_text.hpp"
#include "apps/serve/signals.hpp"
#include "cluster/certs/certificate_files.hpp"
#include "cluster/config/file/load.hpp"
#include "cluster/node/cluster_node.hpp"

namespace millrace::bench {
namespace {

using processes::NodeProcess;
using std::filesystem::path;

constexpr std::chrono::milliseconds look_interval{10};
constexpr std::chrono::seconds cluster_patience{120};
constexpr std::chrono::seconds drain_timeout{30};
constexpr const char* sink = "sink";
constexpr const char* source = "source";

/// Writes `file` atomically, by rename: await() never reads an incomplete file.
Result<void> publish(const path& file, const nlohmann::json& value) {
  path unfinished = file;
  unfinished += ".tmp";
  if (auto written = serve::write_text(unfinished, value.dump()); !written) return written;
  std::error_code error;
  std::filesystem::rename(unfinished, file, error);
  if (error) return Error{ErrorCode::storage_failed, file.string() + ": " + error.message()};
  return {};
}

std::optional<nlohmann::json> read(const path& file) {
  std::ifstream in(file);
  if (!in) return std::nullopt;
  return nlohmann::json::parse(in);
}

Result<path> write_config(const ClusterBenchOptions& options, const std::string& node,
                          std::uint16_t peer_port) {
  const std::string peer = "127.0.0.1:" + std::to_string(peer_port);
  const path file = options.folder / (node + ".toml");
  const std::string nowhere = "127.0.0.1:1";
  const auto text = serve::to_toml(
      {.cluster = "bench",
       .shards = options.shards,
       .node = node,
       .data_dir = options.folder / node,
       .listen = "127.0.0.1:0",
       .http = "127.0.0.1:0",
       .members = {{.name = sink, .address = node == sink ? nowhere : peer, .roles = {sink}},
                   {.name = source, .address = node == sink ? peer : nowhere, .roles = {source}}},
       .stages = {{"bench", "paid", sink}, {"bench", "shipped", source}, {"bench", "done", sink}},
       .certificates = options.folder / "certs"});
  if (auto written = serve::write_text(file, text); !written) return written.error();
  return file;
}

Result<void> write_certificates(const path& folder) {
  const certs::ClusterCertificates wanted{
      .folder = folder, .cluster = "bench", .nodes = {sink, source}, .days = 30};
  const auto written = certs::write_certificates(wanted, std::time(nullptr));
  if (!written) return written.error();
  return {};
}

/// Waits until `file` exists and returns its content. Fails with `timeout` after `span`, and with
/// `storage_failed` if a node ends first.
Result<nlohmann::json> await(const path& file, NodeProcess& a, NodeProcess& b,
                             std::chrono::seconds span) {
  const auto deadline = std::chrono::steady_clock::now() + span;
  while (std::chrono::steady_clock::now() < deadline) {
    if (auto value = read(file)) return *value;
    if (a.wait_for(look_interval) || b.wait_for(std::chrono::milliseconds(0))) {
      return Error{ErrorCode::storage_failed, "a node ended; its log is beside " + file.string()};
    }
  }
  return Error{ErrorCode::timeout, "nothing came of " + file.string()};
}

Result<NodeProcess> start_node(const ClusterBenchOptions& options, const path& config,
                               const std::string& node) {
  const Production& made = options.production;
  return NodeProcess::start(
      {"bench-node", "--config=" + config.string(), "--name=" + node,
       "--messages=" + std::to_string(made.messages),
       "--payload=" + std::to_string(made.payload_bytes),
       "--rate=" + std::to_string(made.rate_per_s), "--shards=" + std::to_string(options.shards),
       "--window=" + std::to_string(options.window)},
      std::nullopt, options.folder / (node + ".log"));
}

/// Pauses the sink's process (SIGSTOP) for pause_s seconds once half of the messages are received.
void pause_halfway(const ClusterBenchOptions& options, NodeProcess& node) {
  const path half = options.folder / "half";
  while (!read(half) && !node.wait_for(look_interval)) {
  }
  node.send(SIGSTOP);
  std::ignore = node.wait_for(std::chrono::seconds(options.pause_s));
  node.send(SIGCONT);
}

/// Returns whether the other node is up. The measurement starts then: it excludes the time in which
/// the nodes find each other.
bool sees_other(const cluster::ClusterNode& node) {
  const auto members = node.members();
  return std::any_of(members.begin(), members.end(), [](const cluster::MemberView& member) {
    return !member.is_self && member.state == pb::MEMBER_UP && !member.is_unreachable;
  });
}

/// Writes the figures after all messages are received, or after none was received for
/// `cluster_patience`.
Result<void> publish_figures(const path& folder, Tally& tally) {
  tally.wait(cluster_patience);
  const std::uint64_t ended_us = steady_us();
  const auto began_us = read(folder / "began_us");
  if (!began_us) return Error{ErrorCode::timeout, "the nodes did not find each other"};
  const SinkFigures figures = tally.figures();
  return publish(
      folder / "figures",
      {{"received", figures.received},
       {"repeated", figures.repeated},
       {"p50_us", figures.p50_us},
       {"p99_us", figures.p99_us},
       {"p999_us", figures.p999_us},
       {"max_us", figures.max_us},
       {"seconds", static_cast<double>(ended_us - began_us->get<std::uint64_t>()) / 1e6}});
}

}  // namespace

Result<ClusterBenchFigures> run_cluster_bench(const ClusterBenchOptions& options) {
  if (auto made = write_certificates(options.folder / "certs"); !made) return made.error();
  // The node with the smaller name dials: "sink" dials "source", so the source must listen first.
  auto config = write_config(options, source, 2);
  if (!config) return config.error();
  auto source_node = start_node(options, *config, source);
  if (!source_node) return source_node.error();
  NodeProcess* only = &*source_node;
  const auto port = await(options.folder / "source.port", *only, *only, cluster_patience);
  if (!port) return port.error();
  config = write_config(options, sink, port->get<std::uint16_t>());
  if (!config) return config.error();
  auto sink_node = start_node(options, *config, sink);
  if (!sink_node) return sink_node.error();
  const auto began = await(options.folder / "began_us", *source_node, *sink_node, cluster_patience);
  if (!began) return began.error();
  if (options.pause_s > 0) pause_halfway(options, *sink_node);
  const auto told =
      await(options.folder / "figures", *sink_node, *source_node, std::chrono::hours(1));
  if (!told) return told.error();

  ClusterBenchFigures figures;
  figures.received = told->at("received");
  figures.repeated = told->at("repeated");
  figures.p50_us = told->at("p50_us");
  figures.p99_us = told->at("p99_us");
  figures.p999_us = told->at("p999_us");
  figures.max_us = told->at("max_us");
  figures.messages_per_s =
      static_cast<double>(options.production.messages) / told->at("seconds").get<double>();
  source_node->send(SIGTERM);
  sink_node->send(SIGTERM);
  const auto source_end = source_node->wait_for(drain_timeout);
  const auto sink_end = sink_node->wait_for(drain_timeout);
  if (!source_end || !sink_end || source_end->exit_status != 0 || sink_end->exit_status != 0) {
    return Error{ErrorCode::timeout, "a node did not drain; see " + options.folder.string()};
  }
  figures.cpu_s = source_end->cpu_s + sink_end->cpu_s;
  figures.rss_peak_source_bytes = source_end->rss_peak_bytes;
  figures.rss_peak_sink_bytes = sink_end->rss_peak_bytes;
  return figures;
}

Result<void> run_bench_node(const path& config, bool is_source,
                            const ClusterBenchOptions& options) {
  const serve::Signals signals;
  const path folder = config.parent_path();
  const auto resolved = config::load({.file = config.string()}, std::time(nullptr));
  if (!resolved.problems.empty()) {
    return Error{ErrorCode::invalid_argument, to_string(resolved.problems.front())};
  }
  Tally tally(options.production.messages);
  auto node =
      cluster::ClusterNode::start(resolved.config, {parcel_pipeline(false, options.shards, tally)});
  if (!node) return node.error();
  std::optional<Sender<Parcel>> sender;
  if (is_source) {
    auto opened = (*node)->runtime().sender(
        placed_queue(false), {.producer = "bench", .limits = {.window = options.window}});
    if (!opened) return opened.error();
    sender = std::move(*opened);
    if (auto told = publish(folder / "source.port", (*node)->port()); !told) return told;
  }
  Result<void> done;
  std::thread work;
  if (!is_source) work = std::thread([&] { done = publish_figures(folder, tally); });
  bool is_half = false;
  while (signals.wait(look_interval) != SIGTERM) {
    if (is_source && !work.joinable() && sees_other(**node)) {
      if (auto told = publish(folder / "began_us", steady_us()); !told) return told;
      work = std::thread([&] { done = produce(*sender, options.production); });
    }
    if (is_half || is_source || 2 * tally.received() < options.production.messages) continue;
    is_half = true;
    if (auto told = publish(folder / "half", true); !told) return told;
  }
  const Result<void> stopped = (*node)->stop(drain_timeout);
  if (work.joinable()) work.join();
  return done ? stopped : done;
}

}  // namespace millrace::bench
