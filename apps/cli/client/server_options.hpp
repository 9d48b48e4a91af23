// --server and its kin: which node a command asks.
#pragma once

#include <chrono>
#include <string>

#include <CLI/CLI.hpp>

#include "messages/result.hpp"

namespace millrace::cli {

struct ServerOptions {
  std::string url;         ///< --server; empty: MILLRACE_URL
  std::string token_file;  ///< --token-file; empty: MILLRACE_TOKEN_FILE, else no token
  bool node_only = false;  ///< --node-only: ask this node, and not all members
  /// Of calls that change something: those on long queues take up to ten minutes.
  std::chrono::seconds answer_timeout = std::chrono::minutes(11);
};

/// --server, --token-file.
void add_server_options(CLI::App& command, ServerOptions& options);

/// --node-only, for commands that ask all members of the cluster otherwise.
void add_node_only(CLI::App& command, ServerOptions& options);

/// Where a command looks: at a running node, or into the data directory of a stopped one.
struct SourceOptions {
  ServerOptions server;
  std::string data_dir;

  [[nodiscard]] bool is_stopped_node() const { return !data_dir.empty(); }
};

/// --data-dir beside those above; they exclude each other.
void add_source_options(CLI::App& command, SourceOptions& options);

/// The URL as "http://host:port". Fails with `invalid_argument` where none is given.
[[nodiscard]] Result<std::string> url_of(const ServerOptions& options);

/// The token; empty where no file is named. Fails with `not_found`.
[[nodiscard]] Result<std::string> token_of(const ServerOptions& options);

}  // namespace millrace::cli
