// --server and its kin: which node a command asks.
#pragma once

#include <chrono>
#include <string>

#include <CLI/CLI.hpp>

#include "messages/result.hpp"

namespace millrace::cli {

struct ServerOptions {
  std::string url;         ///< --server; empty: MILLRACE_URL, else localhost:8400
  std::string token_file;  ///< --token-file; empty: MILLRACE_TOKEN_FILE, else no token
  bool node_only = false;  ///< --node-only: ask this node, and not all members
  /// Of calls that change something: those on long queues take up to ten minutes.
  std::chrono::seconds answer_timeout = std::chrono::minutes(11);
};

/// --server, --token-file.
void add_server_options(CLI::App& command, ServerOptions& options);

/// --node-only, for commands that ask all members of the cluster otherwise.
void add_node_only(CLI::App& command, ServerOptions& options);

/// The log of a node that does not run; see stopped_log.hpp.
struct LogOptions {
  std::string data_dir;  ///< --data-dir; or empty
  std::string
      config;        ///< --config: the node's config file, which says where the log lies; or empty
  std::string node;  ///< --node: name of the node; empty: that of the config file
};

/// Where a command looks: at a running node, or into the log of a stopped one.
struct SourceOptions {
  ServerOptions server;
  LogOptions log;

  [[nodiscard]] bool is_stopped_node() const {
    return !log.data_dir.empty() || !log.config.empty();
  }
};

/// --data-dir, --config and --node beside those above; the first two and --server exclude each other.
void add_source_options(CLI::App& command, SourceOptions& options);

/// Whether --server or MILLRACE_URL says which node is meant.
[[nodiscard]] bool is_named(const ServerOptions& options);

/// The URL as "http://host:port"; without a port 8400. Fails with `invalid_argument` where it is none.
[[nodiscard]] Result<std::string> url_of(const ServerOptions& options);

/// The token; empty where no file is named. Fails with `not_found`.
[[nodiscard]] Result<std::string> token_of(const ServerOptions& options);

}  // namespace millrace::cli
