// Config: all that a node is told from outside, checked and complete.
//
// The keys, their units, ranges and defaults stand in one table (key_table.hpp); docs/config.md is
// made from it. Fields here have the unit in their name, or a type that carries it.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "actors/assembly/scheduler_policy.hpp"
#include "actors/journal/write/options.hpp"
#include "actors/queue/state/limits.hpp"

namespace millrace::config {

struct NodeConfig {
  std::string name;
  std::string data_dir;
  std::vector<std::string> roles;
};

/// Addresses as "host:port".
struct ListenConfig {
  std::string cluster;
  std::string http;
};

/// A configured member of the cluster.
struct MemberConfig {
  std::string name;
  std::string address{};  ///< where the others reach it
  std::string http{};     ///< empty: not told
  std::uint32_t weight = 0;
  std::vector<std::string> roles{};
};

struct ClusterConfig {
  std::string name;
  std::vector<MemberConfig> nodes;  ///< empty: this node alone
  std::uint32_t shards = 0;
  std::map<std::uint32_t, std::string> overrides;  ///< shard: the node that it is pinned to
};

/// Paths of PEM files: all three, or none.
struct TlsConfig {
  std::string ca;
  std::string certificate;
  std::string key;

  [[nodiscard]] bool is_on() const { return !certificate.empty(); }
};

struct HttpConfig {
  std::string token_file;  ///< empty: no token, and loopback only
  std::uint64_t body_bytes_max = 0;
  std::uint32_t connections_max = 0;
  std::uint32_t event_streams_max = 0;
  std::chrono::microseconds timeout{};
};

enum class LogLevel : std::uint8_t { trace, debug, info, warn, error };
enum class LogFormat : std::uint8_t { text, json };

struct LogConfig {
  LogLevel level = LogLevel::info;
  LogFormat format = LogFormat::text;
};

struct RuntimeConfig {
  std::uint32_t threads = 0;  ///< 0: one a core, at least 2
  std::uint64_t body_cache_bytes = 0;
  std::uint64_t checkpoint_log_bytes = 0;
};

struct QueueConfig {
  std::string name;
  queues::Limits limits{};
};

/// What the file says about a stage; what it does not say is as the program has it.
struct StageConfig {
  std::string name;
  std::optional<std::uint32_t> workers{};
  std::optional<std::uint32_t> retry_attempts{};
  std::optional<std::chrono::microseconds> retry_first{};
  std::optional<std::chrono::microseconds> retry_max{};
  std::optional<std::uint32_t> batch_max{};
  std::optional<std::chrono::microseconds> batch_window{};
  std::optional<std::chrono::microseconds> timeout{};
  std::optional<std::string> dead_letter{};
  std::optional<std::string> role{};  ///< runs only on nodes of this role
};

struct PipelineConfig {
  std::string name;
  std::string from{};                 ///< queue; empty: the program wires this pipeline
  std::vector<std::string> stages{};  ///< registered names, in order
  std::string to{};                   ///< queue; empty: the last stage has no output
  std::vector<StageConfig> options{};
};

struct DrainConfig {
  std::chrono::microseconds timeout{};
};

struct MembershipConfig {
  std::chrono::microseconds heartbeat{};
  double phi_threshold = 0;
  std::chrono::microseconds acceptable_pause{};
};

struct CafConfig {
  SchedulerPolicy policy = SchedulerPolicy::sharing;
  std::uint32_t max_throughput = 0;  ///< 0: no limit
  std::uint32_t max_consecutive_reads = 50;
};

struct Config {
  NodeConfig node;
  ListenConfig listen;
  ClusterConfig cluster;
  TlsConfig tls;
  HttpConfig http;
  LogConfig log;
  RuntimeConfig runtime;
  journal::Options journal;
  std::vector<QueueConfig> queues;
  std::vector<PipelineConfig> pipelines;
  DrainConfig drain;
  MembershipConfig membership;
  CafConfig caf;
};

}  // namespace millrace::config
