// ServerOptions: where the Kafka server listens, and what bounds it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace millrace::kafka {

/// PEM files for TLS. Clients show no certificate.
struct ServerTls {
  std::filesystem::path certificate{};  ///< followed by intermediate certificates, if any
  std::filesystem::path key{};
};

struct ServerOptions {
  std::string address = "127.0.0.1:0";  ///< "host:port"; port 0: the system chooses
  bool is_loopback_only = true;         ///< refuse to listen beyond loopback
  std::optional<ServerTls> tls{};       ///< none: plain text
  bool must_authenticate = false;       ///< requests need a SASL exchange before them
  std::uint32_t connections_max = 1'000;

  /// Of one request. Kafka's producers send 1 MiB by default, and one batch for each partition.
  std::uint64_t request_bytes_max = 16u << 20;
  /// Requests of one connection that wait for their answers, and what they hold together; one may be
  /// as large as request_bytes_max.
  std::uint32_t requests_in_flight_max = 128;
  std::uint64_t connection_bytes_max = 16u << 20;
  /// Requests of all connections, with what is unpacked of them, until they are done.
  std::uint64_t requests_bytes_max = 64u << 20;
  /// Answers of all connections that their clients have not taken; beyond it, nothing new is answered to those
  /// that have some to take.
  std::uint64_t answers_bytes_max = 64u << 20;

  /// For a request to arrive (and 1 s more for each 64 KiB), for an answer to be taken on, and for a client
  /// to authenticate.
  std::chrono::milliseconds timeout = std::chrono::seconds(30);
  /// A connection without requests is closed. Kafka's brokers wait for as long.
  std::chrono::milliseconds idle_timeout = std::chrono::minutes(10);
};

// Bounds that have no option.

/// A request of a client that has not authenticated.
inline constexpr std::uint64_t first_request_bytes_max = 16u << 10;
/// Unsent bytes of answers above which no further request of the connection is taken.
inline constexpr std::uint64_t unsent_bytes_max = 256u << 10;
/// So long a connection that has nothing to do stays before it may be closed for a new one.
inline constexpr std::chrono::seconds fresh_time{1};

}  // namespace millrace::kafka
