// EmbeddedOptions: a node of a cluster that a program runs within itself, described in C++.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace millrace {

class Metrics;

/// A node as all nodes of its cluster know it.
struct ClusterMember {
  std::string name;       ///< 1 to 100 characters of [a-z0-9._-]; equal to that in its certificate
  std::string address{};  ///< "host:port" that the other nodes connect to
  std::string http{};     ///< "host:port" of its HTTP API for clients; empty: not published
  std::uint32_t weight = 100;  ///< share of the shards, relative to the other nodes; 0 to 1,000
  std::vector<std::string> roles{};  ///< a stage with a role runs only on nodes that have it
};

/// Paths of PEM files. Nodes beyond loopback need them; `millrace cluster certs` makes them.
struct ClusterTls {
  std::filesystem::path ca;
  std::filesystem::path certificate;
  std::filesystem::path key;  ///< not readable by everybody
};

/// Relative paths start at the working directory. `cluster`, `shards` and `members` must be equal on
/// all nodes of the cluster, and so must the pipelines.
struct EmbeddedOptions {
  std::string node;                  ///< name of this node
  std::filesystem::path data_dir;    ///< of this node alone; created if it does not exist
  std::string cluster = "millrace";  ///< nodes of clusters with other names are refused
  std::uint32_t shards = 16;         ///< of each queue; 1 to 1,024; fixed for the life of the data
  std::vector<ClusterMember> members{};  ///< with this node; empty: the cluster is this node alone

  /// "host:port" for other nodes, and for HTTP; port 0: the system chooses. Empty: those of this node
  /// in `members`, else 127.0.0.1:7400 and 127.0.0.1:8400. Beyond loopback the first needs `tls`, the
  /// second `http_token_file`.
  std::string listen{};
  std::string listen_http{};
  std::optional<ClusterTls> tls{};
  std::filesystem::path http_token_file{};  ///< empty: HTTP on loopback only, without a token

  /// Every other key of docs/config.md, by its path: {"runtime.state_cache", "1GiB"}. A list is
  /// separated by commas. These win over the fields above.
  std::vector<std::pair<std::string, std::string>> settings{};

  std::string version{};               ///< of the program; shown by the HTTP API
  bool accepts_loss = false;           ///< as RuntimeOptions::accepts_loss
  std::shared_ptr<Metrics> metrics{};  ///< as RuntimeOptions::metrics; shown at /metrics
  /// Called on a thread of the HTTP API that requests a drain, perhaps several times at once. Must
  /// return soon, must not throw, and must not call EmbeddedNode::stop(), which waits for HTTP
  /// answers: wake the thread that does. Unset: the API refuses drains.
  std::function<void()> on_drain{};
};

}  // namespace millrace
