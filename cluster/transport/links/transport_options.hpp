// TransportOptions: a transport's identity, peers, security and limits.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <vector>

#include "cluster/transport/tls/tls_context.hpp"
#include "cluster/transport/transport.hpp"

namespace millrace::transport {

/// Names of peers that a transport may have in its life.
constexpr std::size_t peers_max = 256;

struct TransportOptions {
  NodeIdentity own{};
  Address listen{"127.0.0.1", 0};  ///< port 0: chosen by the system; without tls: loopback only
  std::vector<Peer> peers{};       ///< all other nodes of the cluster
  std::optional<TlsFiles> tls{};   ///< nullopt: plain TCP, on loopback only

  /// Largest frame that is sent or accepted, in bytes: twice a payload of 8 MiB, plus overhead.
  std::size_t frame_bytes_max = (16u << 20) + (64u << 10);
  /// Bytes in flight per link and direction; a larger frame is sent when nothing else is in flight.
  std::size_t window_bytes = 1u << 20;
  /// Reads from one connection before other connections are served.
  std::size_t consecutive_reads_max = 50;
  /// Accepted connections without a link; at the limit, a new connection replaces the oldest.
  std::size_t unproven_max = 64;

  std::chrono::milliseconds hello_timeout{5'000};  ///< from dialing or accepting to up
  std::chrono::milliseconds ping_interval{1'000};
  std::chrono::milliseconds silence_max{
      5'000};  ///< without a byte from the peer; then the link goes down
  std::chrono::milliseconds redial_first{100};     ///< doubles up to redial_max
  std::chrono::milliseconds redial_max{1'000};     ///< a node that starts is found within this
  std::chrono::milliseconds drain_timeout{1'000};  ///< stop() waits this long for frames in flight
  std::chrono::milliseconds teardown_timeout{
      2'000};  ///< then this long for threads and sockets to end
};

/// Fails with `invalid_argument`; the message names the option, its value and the expected range.
[[nodiscard]] Result<void> check_options(const TransportOptions& options);

/// Whether `host` is an IP address of the loopback network.
[[nodiscard]] bool is_loopback(const std::string& host);

}  // namespace millrace::transport
