// ConnectionTable: the sockets of a node, and the connection on each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "cluster/transport/links/connection.hpp"
#include "messages/result.hpp"

namespace millrace::transport {

/// Of one connection while it lasts; given again afterwards.
using SocketId = std::int64_t;

/// The bytes of connections: CAF's sockets or simulated ones. Called by LinkManager on its thread.
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

class ConnectionTable {
 public:
  struct Entry {
    Connection connection;
    std::optional<std::size_t> peer;  ///< index of the node that it has proved to be, or is dialed
    bool is_dialed = false;
    std::uint64_t number = 0;  ///< in the order of their coming
    TimeUs cut_at_us = 0;      ///< 0: not ending
  };

  ConnectionTable(Sockets& sockets, std::size_t unproven_max)
      : sockets_(sockets), unproven_max_(unproven_max) {}

  Entry& add(SocketId socket, Connection connection, std::optional<std::size_t> dialed);

  /// The entry, unless it is gone or ending.
  [[nodiscard]] Entry* find(SocketId socket);

  /// Hands what the connection has to say to the socket.
  void write(SocketId socket);

  /// Ends it, now or at `cut_at_us`; until then nothing that it brings is looked at.
  void cut(SocketId socket);
  void end(SocketId socket, TimeUs cut_at_us);
  /// The socket is gone already. False when it is not known.
  bool forget(SocketId socket) { return entries_.erase(socket) > 0; }

  /// Cuts those whose time has come.
  void cut_due(TimeUs now_us);
  /// The accepted connection that is to make way for the next, if there are too many.
  [[nodiscard]] std::optional<SocketId> surplus() const;

  [[nodiscard]] std::vector<SocketId> sockets() const;
  [[nodiscard]] bool empty() const { return entries_.empty(); }

 private:
  Sockets& sockets_;
  std::size_t unproven_max_;
  std::uint64_t added_ = 0;
  std::map<SocketId, Entry> entries_;
};

}  // namespace millrace::transport
