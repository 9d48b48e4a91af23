// listen: the socket of the Kafka server.
#pragma once

#include <memory>
#include <string>

#include "cluster/kafka/server/server_loop.hpp"
#include "cluster/kafka/server/server_options.hpp"
#include "messages/result.hpp"

namespace millrace::kafka {

/// A server that listens, and serves once its loop is started.
struct ListeningServer {
  std::string host{};      ///< of the address, as it was given
  std::uint16_t port = 0;  ///< that was taken
  std::unique_ptr<ServerLoop> loop{};
};

/// Fails with `invalid_argument`: no address, an unknown host, one beyond loopback with is_loopback_only,
/// files for TLS that cannot be used, or more connections than the process may have files; with
/// `unreachable` if the address cannot be bound.
[[nodiscard]] Result<ListeningServer> listen(const ServerOptions& options);

}  // namespace millrace::kafka
