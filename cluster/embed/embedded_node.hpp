// EmbeddedNode: a node of a cluster within a program, described in C++ instead of a config file.
//
//     EmbeddedOptions options{.node = "a", .data_dir = "data/a", .members = members};
//     auto node = EmbeddedNode::start(options, {orders});
//     auto sender = (*node)->runtime().sender(placed, {.producer = "shop-1"});
//     ...
//     (*node)->stop();
//
// The node listens for other nodes and serves the HTTP API, as `millrace node` does. It logs through
// the default logger of spdlog. It handles no signals.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "actors/runtime/runtime.hpp"
#include "actors/stage/pipeline_spec.hpp"
#include "cluster/embed/embedded_options.hpp"
#include "messages/result.hpp"

namespace millrace {

/// A node of the cluster as this one sees it.
struct SeenMember {
  std::string name;
  std::string address;
  std::string state;  ///< "unknown", "joining", "up", "leaving" or "removed"
  bool is_self = false;
  bool is_unreachable = false;
};

/// A running node. Thread-safe but for stop() and the destructor.
class EmbeddedNode {
 public:
  /// Starts the node, and returns when it serves what it owns; it waits for no other node. Fails with
  /// `invalid_argument`, one line for each mistake in the options, as Runtime::start(), and with
  /// `unreachable` if an address cannot be bound. Blocks. With `log.engine=postgres` among the
  /// settings it also waits for the server and for a seat.
  [[nodiscard]] static Result<std::unique_ptr<EmbeddedNode>> start(
      const EmbeddedOptions& options, std::vector<PipelineSpec> pipelines);

  /// Calls stop() with its default timeout unless it was called before.
  ~EmbeddedNode();
  EmbeddedNode(const EmbeddedNode&) = delete;
  EmbeddedNode& operator=(const EmbeddedNode&) = delete;

  /// Drains the node, leaves the cluster and stops. Fails with `timeout`: the node then ended as in a
  /// crash, which loses nothing. A second call does nothing.
  Result<void> stop(std::chrono::milliseconds timeout = std::chrono::seconds(30));

  /// Takes what a running node can take: members, their addresses, weights and roles, and the files of
  /// TLS for new links. Owners of shards stay as they are. Fails with `invalid_argument`; then nothing
  /// changes. Reads files.
  Result<void> update(const EmbeddedOptions& options);

  /// The queues, senders and operations of this node; valid as long as the node. Do not call its
  /// stop().
  [[nodiscard]] Runtime& runtime();

  [[nodiscard]] const std::string& name() const;
  /// "host:port" of the HTTP API.
  [[nodiscard]] const std::string& http_address() const;
  /// Port on which other nodes reach this one.
  [[nodiscard]] std::uint16_t port() const;
  /// All nodes of the cluster with this one, by name.
  [[nodiscard]] std::vector<SeenMember> members() const;
  /// Name of the node that serves a shard of `queue`, as this node knows it; empty: unknown.
  [[nodiscard]] std::string owner(const std::string& queue, std::uint32_t shard) const;

  /// Begins to move a shard of the queues of `role` to node `to`, and returns. `done` is called once:
  /// with success when `to` serves the shard, else with the reason why this node does again. Called on
  /// a thread of the node; must neither block nor throw.
  void move_shard(const std::string& role, std::uint32_t shard, const std::string& to,
                  std::function<void(Result<void>)> done);

 private:
  class Parts;
  explicit EmbeddedNode(std::unique_ptr<Parts> parts);

  std::unique_ptr<Parts> parts_;
};

}  // namespace millrace
