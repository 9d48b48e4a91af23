// ServerOptions: where an HTTP server listens, and what bounds it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

namespace millrace::http {

struct ServerOptions {
  std::string address = "127.0.0.1:0";  ///< "host:port"; port 0: the system chooses
  bool is_loopback_only = true;         ///< refuse to listen beyond loopback
  std::uint32_t connections_max = 64;
  /// Connections of one client address beyond loopback.
  std::uint32_t peer_connections_max = 32;
  /// Bodies that are being received or handled, together.
  std::uint64_t bodies_bytes_max = 64u << 20;
  /// Answers that wait for their clients to take them, together.
  std::uint64_t answers_bytes_max = 64u << 20;
  /// For a request to arrive, for its answer to be taken (and 1 s more for each 64 KiB), for a
  /// connection to be idle, and for a request to wait for room or for a free thread.
  std::chrono::microseconds timeout = std::chrono::seconds(30);
};

// Bounds that have no option.

/// Connections beyond connections_max, so that health is answered when all others are in use.
inline constexpr std::uint32_t reserve_connections = 64;
/// A reserved connection must have sent its request within this time.
inline constexpr std::chrono::seconds reserve_timeout{1};

/// Without this many bytes received or sent within `stall_time`, a connection makes no progress,
/// and is closed where others wait for the room that it takes.
inline constexpr std::uint64_t progress_bytes = 4u << 10;
inline constexpr std::chrono::seconds stall_time{1};
/// So long a new connection has to send its request before it may be closed for a newer one.
inline constexpr std::chrono::milliseconds fresh_time{10};

/// After its last answer a connection is read from for so long, and so much is thrown away: the
/// client gets the answer, which a reset would take away.
inline constexpr std::chrono::seconds linger_time{2};
inline constexpr std::uint64_t linger_bytes_max = 64u << 20;

inline constexpr std::size_t head_bytes_max = 32u << 10;
inline constexpr std::size_t head_fields_max = 100;
inline constexpr std::size_t field_bytes_max = 8u << 10;

}  // namespace millrace::http
