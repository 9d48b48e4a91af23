// Sockets: the bytes of connections, as the link manager sees them; CAF's for real, or simulated.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "messages/result.hpp"

namespace millrace::transport {

/// Of one connection while it lasts; given again afterwards.
using SocketId = std::int64_t;

class Sockets {
 public:
  virtual ~Sockets() = default;

  /// A socket on its way to a peer, which may be written to at once; if it does not arrive, its end
  /// is reported. Nothing when the answer comes later. Fails with `unreachable`.
  virtual Result<std::optional<SocketId>> dial(std::size_t peer) = 0;

  /// What is appended here is written by flush.
  virtual std::vector<char>& buffer(SocketId socket) = 0;
  virtual void flush(SocketId socket) = 0;

  /// Ends a connection at once, whatever is unsent; its end is not reported.
  virtual void cut(SocketId socket) = 0;
};

}  // namespace millrace::transport
