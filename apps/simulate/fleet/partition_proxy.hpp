// PartitionProxy: stands on the way between each two nodes, and can be told to let nothing pass.
//
//   node a ──▶ proxy port (a, b) ──▶ node b
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "apps/simulate/fleet/proxy_sockets.hpp"
#include "messages/result.hpp"

namespace millrace::simulate {

/// Carries TCP connections on loopback, on a thread of its own. While two nodes are cut from each
/// other, what is on its way between them waits, and new connections find nobody: like a network
/// that drops everything, to TCP. Nothing is ever dropped, repeated or changed.
class PartitionProxy {
 public:
  /// The port of a node now; 0: it has none, connections to it are refused. Any thread.
  using PortOf = std::function<std::uint16_t(std::uint32_t node)>;

  /// Listens for all pairs of `nodes` nodes. Fails with `unreachable`.
  [[nodiscard]] static Result<std::unique_ptr<PartitionProxy>> start(std::uint32_t nodes,
                                                                     PortOf port_of);
  ~PartitionProxy();
  PartitionProxy(const PartitionProxy&) = delete;
  PartitionProxy& operator=(const PartitionProxy&) = delete;

  /// Where node `from` reaches node `to`, as [from][to].
  [[nodiscard]] std::vector<std::vector<std::uint16_t>> ports() const;

  /// Cuts two nodes off each other, or heals that. Any thread.
  void cut(std::uint32_t a, std::uint32_t b, bool is_cut);

 private:
  struct Door {
    std::uint32_t from = 0;
    std::uint32_t to = 0;
    Listener listener;
  };
  struct Carried {
    std::uint32_t from;
    std::uint32_t to;
    Pipe pipe;
  };

  PartitionProxy(std::uint32_t nodes, PortOf port_of);
  [[nodiscard]] bool is_cut(std::uint32_t a, std::uint32_t b) const;
  void run();
  void accept_from(const Door& door);

  const std::uint32_t nodes_;
  const PortOf port_of_;
  std::vector<Door> doors_;
  std::vector<Carried> carried_;  ///< of the thread
  std::vector<std::atomic<bool>> cuts_;
  std::atomic<bool> is_stopping_ = false;
  Descriptor wake_;
  std::thread thread_;
};

}  // namespace millrace::simulate
