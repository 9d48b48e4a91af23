// ClusterNode: a node of a cluster, brought to life from its configuration.
//
//   incarnation → transport (made) → runtime (recovers) → HTTP → transport (links up) → up
//   leaving → runtime drains, outboxes flush → HTTP ends → transport ends
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "actors/runtime/runtime.hpp"
#include "actors/stage/pipeline_spec.hpp"
#include "cluster/config/config.hpp"
#include "cluster/http/resources.hpp"
#include "cluster/membership/members.hpp"
#include "messages/result.hpp"

namespace millrace::cluster {

class ClusterNode {
 public:
  struct Options {
    std::string version{};        ///< of the program, for who asks
    http::Resources resources{};  ///< of the application, at the HTTP API
    /// Begins a drain, as the HTTP API is asked to; unset: it refuses that.
    std::function<void()> on_drain{};
    /// Called with the runtime's options before it starts: for tests and simulations.
    std::function<void(RuntimeOptions&)> adjust{};
  };

  /// Runs `pipelines`, which must be the same on all nodes, as `config` says, which must be free of
  /// problems. Fails as Runtime::start does, and with `unreachable` where an address cannot be
  /// listened on. Blocks until this node serves; it does not wait for others.
  [[nodiscard]] static Result<std::unique_ptr<ClusterNode>> start(
      const config::Config& config, std::vector<PipelineSpec> pipelines, const Options& options);
  [[nodiscard]] static Result<std::unique_ptr<ClusterNode>> start(
      const config::Config& config, std::vector<PipelineSpec> pipelines) {
    return start(config, std::move(pipelines), Options{});
  }

  /// As stop, where it was not called.
  ~ClusterNode();
  ClusterNode(const ClusterNode&) = delete;
  ClusterNode& operator=(const ClusterNode&) = delete;

  /// Drains within `timeout`, leaves the cluster, and ends. Fails with `timeout`, and is then as
  /// after a crash. A second call does nothing.
  Result<void> stop(std::chrono::milliseconds timeout);

  /// New links begin with these files; those that are up stay. Fails with `invalid_argument`,
  /// naming the file and what is wrong, and the files of before stay in use. Any thread.
  Result<void> reload_tls(const config::TlsConfig& tls);

  [[nodiscard]] Runtime& runtime();
  [[nodiscard]] std::vector<MemberView> members() const;

  /// "host:port" of its HTTP API.
  [[nodiscard]] const std::string& http_address() const;

  /// The port at which other nodes reach this one.
  [[nodiscard]] std::uint16_t port() const;

  /// Name of the node that serves this shard of this queue, as this one knows.
  [[nodiscard]] std::string owner(const std::string& queue, std::uint32_t shard) const;

  /// Begins to give a shard of the queues of `role` to another node, and returns. `done` is called
  /// once, on another thread: when it is served there; or with the reason when it is served here
  /// again: `not_owner`, `draining` (it is moving already, or the node stops), `invalid_argument`,
  /// `not_found`, `unreachable`, `timeout`, `storage_full`, `storage_failed`, or what the target
  /// says.
  void move_shard(const std::string& role, std::uint32_t shard, const std::string& to,
                  std::function<void(Result<void>)> done);

  /// As the configuration has them.
  [[nodiscard]] const std::vector<PipelineSpec>& pipelines() const;

 private:
  class Parts;
  explicit ClusterNode(std::unique_ptr<Parts> parts);

  std::unique_ptr<Parts> parts_;
};

}  // namespace millrace::cluster
