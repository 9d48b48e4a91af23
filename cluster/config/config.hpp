// Config: the checked configuration of one node, with a value for every key.
//
// keys/key_table.hpp defines the keys, units, ranges and defaults; docs/config.md is generated from
// that table. Each field carries its unit in its name or in its type. Default member initialisers
// only make a Config defined: load() overwrites each field whose key has a default.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "actors/assembly/scheduler_policy.hpp"
#include "actors/engines/engines.hpp"
#include "actors/queue/state/limits.hpp"

namespace millrace::config {

/// NodeConfig::name of a process that takes any free seat of its cluster.
inline constexpr std::string_view any_seat = "*";

struct NodeConfig {
  std::string name;      ///< one of ClusterConfig::nodes, unless that list is empty; or any_seat
  std::string data_dir;  ///< absolute, or relative to the working directory
  std::vector<std::string> roles;  ///< equal to the roles of this node in ClusterConfig::nodes
};

/// Addresses that this node listens on, each "host:port"; port 0 lets the system choose.
struct ListenConfig {
  std::string cluster;
  std::string http;
  std::string
      advertise;  ///< where other nodes reach this one; empty: see advertised() in address.hpp
};

/// A configured member of the cluster.
struct MemberConfig {
  std::string name;
  std::string
      address{};  ///< "host:port" that the other nodes connect to; empty: known to the database
  std::string http{};        ///< "host:port" of its HTTP API; empty: not published
  std::uint32_t weight = 0;  ///< share of the shards, relative to the other nodes; 0: none
  std::vector<std::string> roles{};
};

struct ClusterConfig {
  std::string name;
  std::vector<MemberConfig> nodes;  ///< includes this node; empty: see has_seats()
  std::uint32_t shards = 0;         ///< of each queue, > 0; fixed for the life of the data
  std::map<std::uint32_t, std::string> overrides;  ///< shard (< shards) -> node it is pinned to
};

/// Paths of PEM files. Either all three are set, or none.
struct TlsConfig {
  std::string ca;
  std::string certificate;
  std::string key;

  [[nodiscard]] bool is_on() const { return !certificate.empty(); }
};

struct HttpConfig {
  std::string token_file;  ///< empty: no token; the node then listens on loopback only
  std::uint64_t body_bytes_max = 0;
  std::uint32_t connections_max = 0;
  std::uint32_t event_streams_max = 0;
  std::uint32_t peer_connections_max = 0;
  std::uint64_t bodies_bytes_max = 0;
  std::uint64_t answers_bytes_max = 0;
  std::chrono::microseconds timeout{};  ///< to receive a request, and to send its response
};

enum class LogLevel : std::uint8_t { trace, debug, info, warn, error };
enum class LogFormat : std::uint8_t { text, json };

enum class LogEngine : std::uint8_t { journal, postgres };

/// `level` and `format` are of the lines on stderr, the rest is of the durable log.
struct LogConfig {
  LogLevel level = LogLevel::info;
  LogFormat format = LogFormat::text;
  LogEngine engine = LogEngine::journal;
  bool follow = false;   ///< a process that waits for a seat follows the logs that it may take over
  std::string dsn_file;  ///< of PostgreSQL; empty: see read_dsn() in file/load.hpp
};

struct RuntimeConfig {
  std::uint32_t threads = 0;  ///< 0: one per core, at least 2
  std::uint64_t body_cache_bytes = 0;
  bool start_paused = false;               ///< see RuntimeOptions::start_paused
  std::uint64_t state_cache_bytes = 0;     ///< 0: keyed state is in memory
  std::uint64_t checkpoint_log_bytes = 0;  ///< of log between two checkpoints
};

/// Types of messages that need no .proto file.
enum class ValueType : std::uint8_t { json, bytes };

struct QueueConfig {
  std::string name;
  std::optional<ValueType> type{};  ///< nullopt: what the program's pipelines say
  std::string key{};                ///< JSON pointer into each message; empty: it has no key
  bool leases = false;              ///< workers lease its messages over HTTP, and no stage reads it
  std::vector<std::string> outputs{};  ///< queues that those workers write to
  queues::Limits limits{};
  /// Keys that the file sets, to their default or not: "lease", "failed_max".
  std::set<std::string> set_keys{};
};

/// Options of one stage. An option without a value keeps the value set by the program.
struct StageConfig {
  std::string name;
  std::optional<std::uint32_t> workers{};
  std::optional<std::uint32_t> in_progress{};
  std::optional<std::uint32_t> breaker_failures{};  ///< percent
  std::optional<std::uint32_t> breaker_outcomes{};
  std::optional<std::chrono::microseconds> breaker_window{};
  std::optional<std::chrono::microseconds> breaker_probe_first{};
  std::optional<std::chrono::microseconds> breaker_probe_max{};
  std::optional<std::uint32_t> retry_attempts{};
  std::optional<std::chrono::microseconds> retry_first{};
  std::optional<std::chrono::microseconds> retry_max{};
  std::optional<std::uint32_t> batch_max{};
  std::optional<std::chrono::microseconds> batch_window{};
  std::optional<std::chrono::microseconds> timeout{};
  std::optional<std::chrono::microseconds> keep_state{};
  std::optional<std::string> dead_letter{};
  std::optional<std::string> role{};  ///< the stage runs only on nodes with this role
  std::optional<std::string> was{};   ///< the former name of the stage
  bool is_external = false;  ///< its handler runs in other processes; the stage is not registered
  std::optional<ValueType> outputs{};  ///< of an external stage; nullopt: it has none
};

struct PipelineConfig {
  std::string name;
  std::string from{};                  ///< queue; empty: the program wires this pipeline
  std::vector<std::string> stages{};   ///< names of registered stages, in order, each at most once
  std::string to{};                    ///< queue; empty: the last stage has no output
  std::vector<StageConfig> options{};  ///< at most one per stage
};

struct DrainConfig {
  std::chrono::microseconds timeout{};  ///< of the whole drain; then the node stops anyway
};

struct MembershipConfig {
  std::chrono::microseconds heartbeat{};         ///< interval
  double phi_threshold = 0;                      ///< suspicion at which a node becomes unreachable
  std::chrono::microseconds acceptable_pause{};  ///< silence without suspicion; >= heartbeat
};

struct CafConfig {
  SchedulerPolicy policy = SchedulerPolicy::sharing;
  std::uint32_t max_throughput = 0;          ///< messages per turn of an actor; 0: no limit
  std::uint32_t max_consecutive_reads = 50;  ///< from one connection per turn
};

/// A topic that is made at the start.
struct KafkaTopicConfig {
  std::string name;
  std::optional<std::chrono::microseconds> retention{};
  std::vector<std::string> groups{};
};

/// The door for clients of Kafka.
struct KafkaConfig {
  std::string listen{};       ///< "host:port"; empty: the node has none
  std::string advertise{};    ///< "host:port" for clients; empty: `listen`
  std::string token_file{};   ///< password of all clients; empty: none
  std::string certificate{};  ///< PEM; empty: no TLS
  std::string key{};
  std::uint32_t connections_max = 0;
  bool auto_create = false;  ///< topics and groups, by their use
  std::chrono::microseconds retention{};
  std::vector<KafkaTopicConfig> topics{};
};

struct Config {
  NodeConfig node;
  ListenConfig listen;
  ClusterConfig cluster;
  TlsConfig tls;
  HttpConfig http;
  KafkaConfig kafka;
  LogConfig log;
  RuntimeConfig runtime;
  journal::Options journal;
  postgres_log::Options postgres;  ///< without dsn, node and holder
  std::vector<QueueConfig> queues;
  std::vector<PipelineConfig> pipelines;
  DrainConfig drain;
  MembershipConfig membership;
  CafConfig caf;

  /// Whether the nodes of the cluster are those in the database; else an empty cluster.nodes means this
  /// node alone.
  [[nodiscard]] bool has_seats() const {
    return log.engine == LogEngine::postgres && cluster.nodes.empty();
  }
};

}  // namespace millrace::config
