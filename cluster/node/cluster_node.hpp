// ClusterNode: one running node of a cluster, made from its configuration. Start and stop in order:
//
//   start   incarnation (with PostgreSQL: the seat, and the other seats) ─▶ create transport ─▶ recover runtime ─▶ HTTP ─▶ start transport ─▶ up
//   stop    leaving ─▶ drain runtime, flush outboxes ─▶ stop HTTP ─▶ stop transport
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "actors/log/engine.hpp"
#include "actors/runtime/runtime.hpp"
#include "actors/stage/pipeline_spec.hpp"
#include "cluster/calls/peer_calls.hpp"
#include "cluster/config/config.hpp"
#include "cluster/http/resources.hpp"
#include "cluster/membership/members.hpp"
#include "cluster/node/log_engine.hpp"
#include "messages/result.hpp"

namespace millrace::cluster {

class ClusterNode {
 public:
  struct Options {
    std::string version{};      ///< of the program; shown by the HTTP API
    bool accepts_loss = false;  ///< as RuntimeOptions::accepts_loss
    /// Of make_log_engine(): the caller may cancel() the engine, which ends a start() that waits. Without
    /// an engine: as configured.
    LogEngine log{};
    /// With node.name = "*": told the name that the node got, within start().
    std::function<void(const std::string& name)> on_named{};
    /// Called within start(), before the address of the HTTP API is taken.
    std::function<void()> before_http{};
    http::Resources resources{};         ///< served by the HTTP API for the application
    std::shared_ptr<Metrics> metrics{};  ///< as RuntimeOptions::metrics
    /// Called on an HTTP thread when the HTTP API requests a drain, perhaps several times and
    /// concurrently. Must return soon, must not throw, and must not call stop(), which waits for
    /// HTTP answers. Unset: the API refuses drains.
    std::function<void()> on_drain{};
    /// Called once within start(), to change the runtime's options; for tests and simulations.
    std::function<void(RuntimeOptions&)> adjust{};
  };

  /// Starts a node that runs `pipelines`, which must be equal on all nodes. `config` must have
  /// passed its checks. Fails as Runtime::start does, and with `unreachable` if an address cannot
  /// be bound. Blocks until this node serves; does not wait for other nodes, but with PostgreSQL for a
  /// seat and a server. Fails with `draining` if the engine was cancelled meanwhile.
  [[nodiscard]] static Result<std::unique_ptr<ClusterNode>> start(
      const config::Config& config, std::vector<PipelineSpec> pipelines, const Options& options);
  [[nodiscard]] static Result<std::unique_ptr<ClusterNode>> start(
      const config::Config& config, std::vector<PipelineSpec> pipelines) {
    return start(config, std::move(pipelines), Options{});
  }

  /// Calls stop() if it was not called.
  ~ClusterNode();
  ClusterNode(const ClusterNode&) = delete;
  ClusterNode& operator=(const ClusterNode&) = delete;

  /// Drains within `timeout`, leaves the cluster and ends. Fails with `timeout`: the node then
  /// ended as in a crash. A second call does nothing.
  Result<void> stop(std::chrono::milliseconds timeout);

  /// Takes from `config`, which must have passed its checks, what a running node can take: nodes with
  /// addresses, weights and roles, overrides, and the TLS files, which new links use. Owners of shards
  /// stay as they are. Fails with `invalid_argument`, naming the fault; then nothing changes. Not
  /// concurrently; reads files.
  Result<void> reload(const config::Config& config);

  /// Logs a warning if the certificates in use end within 30 days, or have ended. Thread-safe.
  void check_certificates() const;

  [[nodiscard]] Runtime& runtime();
  [[nodiscard]] std::vector<MemberView> members() const;

  /// Returns the name of this node: the configured one, or that of the seat that it has taken.
  [[nodiscard]] const std::string& name() const;

  /// Returns "host:port" of the HTTP API.
  [[nodiscard]] const std::string& http_address() const;

  /// Returns the port of the links to other nodes.
  [[nodiscard]] std::uint16_t port() const;

  /// Returns the name of the owner of a shard of `queue`, in this node's view.
  [[nodiscard]] std::string owner(const std::string& queue, std::uint32_t shard) const;

  /// Starts a move of a shard of the queues of `role` to node `to`, and returns. `done` is called
  /// once: with success when `to` serves the shard, or with an error when this node serves it
  /// again: `not_owner`, `draining` (a move is in flight), `invalid_argument`, `not_found`,
  /// `unreachable`, `timeout`, `storage_full`, `storage_failed`, `fenced` or the target's error. If
  /// the node stops first, the error is `draining` and the outcome may be undecided. `done` runs on
  /// the thread of an actor or, if the runtime does not run, on the calling thread. It must not
  /// throw or block.
  void move_shard(const std::string& role, std::uint32_t shard, const std::string& to,
                  std::function<void(Result<void>)> done);

  /// Returns the calls to other nodes and to this one. They are taken as long as the runtime runs, its
  /// drain included; valid as long as this object.
  [[nodiscard]] calls::PeerCalls& calls();

  /// Returns the pipelines as configured.
  [[nodiscard]] const std::vector<PipelineSpec>& pipelines() const;

 private:
  class Parts;
  explicit ClusterNode(std::unique_ptr<Parts> parts);

  std::unique_ptr<Parts> parts_;
};

}  // namespace millrace::cluster
