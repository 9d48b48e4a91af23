// ConnectionTable: the open sockets of a node and the Connection on each. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "cluster/transport/links/connection.hpp"
#include "messages/result.hpp"

namespace millrace::transport {

/// Identifies an open socket; may be reused after the socket is closed.
using SocketId = std::int64_t;

/// I/O of connections, implemented by CAF's broker and by the simulation. Called on the thread of
/// LinkManager only. Must not throw.
class Sockets {
 public:
  virtual ~Sockets() = default;

  /// Starts connecting to the peer with this index of TransportOptions::peers. The socket may be
  /// written to at once; LinkManager::ended reports a failed attempt. nullopt: LinkManager::dialed
  /// reports the socket later. Fails with `unreachable`.
  virtual Result<std::optional<SocketId>> dial(std::size_t peer) = 0;

  /// Returns the write buffer of `socket`; flush() writes its contents.
  virtual std::vector<char>& buffer(SocketId socket) = 0;
  virtual void flush(SocketId socket) = 0;

  /// Closes the socket at once and discards unsent bytes. LinkManager::ended is not called for it.
  virtual void cut(SocketId socket) = 0;
};

class ConnectionTable {
 public:
  struct Entry {
    Connection connection;
    std::optional<std::size_t> peer;  ///< index of the peer: dialed, or authenticated by its hello
    bool is_dialed = false;
    bool is_standby = false;   ///< of a process that waits for a seat; has no peer
    std::uint64_t number = 0;  ///< grows with each added connection
    TimeUs cut_at_us = 0;      ///< time to close the socket; 0: not closing
  };

  ConnectionTable(Sockets& sockets, std::size_t unproven_max)
      : sockets_(sockets), unproven_max_(unproven_max) {}

  Entry& add(SocketId socket, Connection connection, std::optional<std::size_t> dialed);

  /// Returns nullptr if the socket is unknown or closing.
  [[nodiscard]] Entry* find(SocketId socket);

  /// Writes the pending output of the connection to its socket.
  void write(SocketId socket);

  /// cut() closes the connection now; end() writes pending output and closes it at `cut_at_us`.
  /// Until then its input is ignored. Both do nothing if the socket is unknown.
  void cut(SocketId socket);
  void end(SocketId socket, TimeUs cut_at_us);
  /// Removes the entry of a closed socket. Returns false if the socket is unknown.
  bool forget(SocketId socket) { return entries_.erase(socket) > 0; }

  /// Closes the connections whose `cut_at_us` has passed.
  void cut_due(TimeUs now_us);
  /// Returns the oldest accepted connection that is not up or is closing, if there are
  /// `unproven_max` or more of them; the caller closes it before accepting another.
  [[nodiscard]] std::optional<SocketId> surplus() const;

  [[nodiscard]] std::vector<SocketId> sockets() const;
  /// Connections of standbys, those that are closing too.
  [[nodiscard]] std::size_t standbys() const;
  [[nodiscard]] bool empty() const { return entries_.empty(); }

 private:
  Sockets& sockets_;
  std::size_t unproven_max_;
  std::uint64_t added_ = 0;
  std::map<SocketId, Entry> entries_;
};

}  // namespace millrace::transport
