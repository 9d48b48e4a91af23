// PeerAsker: puts a request of the HTTP API to other nodes of the cluster, so that any node answers for all.
// Implemented by the node.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "messages/result.hpp"

namespace millrace::http {

/// A request that a peer is to answer for itself alone.
struct PeerQuestion {
  std::string method{};
  std::string target{};
  std::string body{};
  std::string client{};  ///< IP address of who asks this node
};

struct PeerAnswer {
  int status = 0;
  std::string body{};
};

/// Threads: any but an actor's.
class PeerAsker {
 public:
  virtual ~PeerAsker() = default;

  /// Asks all `peers` at once; returns an answer for each, in their order. Blocks until all have answered, for at most
  /// `timeout`. Fails for a peer with `unreachable`, `timeout` (the peer may do later what it was asked), `not_found` (its
  /// version takes no questions), `backlog_full`, `too_large` (an answer beyond 16 MiB), `draining`.
  [[nodiscard]] virtual std::vector<Result<PeerAnswer>> ask(const std::vector<std::string>& peers,
                                                            const PeerQuestion& question,
                                                            std::chrono::milliseconds timeout) = 0;
};

}  // namespace millrace::http
