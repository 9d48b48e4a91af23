// PartitionProxy: forwards the TCP connections between nodes, and can block them to simulate a
// network partition.
//
//   process a ──▶ proxy port (a, b) ──▶ node b
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "apps/simulate/fleet/proxy_sockets.hpp"
#include "messages/result.hpp"

namespace millrace::simulate {

/// Forwards TCP connections on loopback, on its own thread. While two nodes are cut off, bytes
/// between them wait and new connections are not accepted: for TCP this looks like a network that
/// drops all packets. Bytes are never lost, duplicated or changed.
class PartitionProxy {
 public:
  /// Returns the current port of a node; 0: the node is down, and connections to it are refused.
  /// Called on the thread of the proxy; must not throw.
  using PortOf = std::function<std::uint16_t(std::uint32_t node)>;
  /// Returns the node that a process is; nullopt: none. Called and restricted as PortOf.
  using NodeOf = std::function<std::optional<std::uint32_t>(std::uint32_t process)>;

  /// Listens on one port for each pair of a process and a node. Fails with `unreachable`.
  [[nodiscard]] static Result<std::unique_ptr<PartitionProxy>> start(std::uint32_t processes,
                                                                     std::uint32_t nodes,
                                                                     PortOf port_of,
                                                                     NodeOf node_of);
  ~PartitionProxy();
  PartitionProxy(const PartitionProxy&) = delete;
  PartitionProxy& operator=(const PartitionProxy&) = delete;

  /// The port on which process `from` reaches node `to`, as [from][to].
  [[nodiscard]] std::vector<std::vector<std::uint16_t>> ports() const;

  /// Blocks or restores the connections between two nodes, in both directions. Thread-safe.
  void cut(std::uint32_t a, std::uint32_t b, bool is_cut);

 private:
  struct Entrance {
    std::uint32_t from = 0;
    std::uint32_t to = 0;
    processes::Listener listener;
  };
  struct Carried {
    std::uint32_t from;
    std::uint32_t to;
    Pipe pipe;
  };

  PartitionProxy(std::uint32_t nodes, PortOf port_of, NodeOf node_of);
  [[nodiscard]] bool is_cut(std::uint32_t process, std::uint32_t node) const;
  void run();
  void accept_from(const Entrance& entrance);

  const std::uint32_t nodes_;
  const PortOf port_of_;
  const NodeOf node_of_;
  std::vector<Entrance> entrances_;
  std::vector<Carried> carried_;  ///< used by the thread only
  std::vector<std::atomic<bool>> cuts_;
  std::atomic<bool> is_stopping_ = false;
  Descriptor wake_;
  std::thread thread_;
};

}  // namespace millrace::simulate
