// What a transport is told: who it is, whom it links up with, and its limits.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <vector>

#include "cluster/transport/tls/tls_context.hpp"
#include "cluster/transport/transport.hpp"

namespace millrace::transport {

struct TransportOptions {
  NodeIdentity own{};
  Address listen{"127.0.0.1", 0};  ///< port 0: chosen by the system; beyond loopback only with tls
  std::vector<Peer> peers{};       ///< all other nodes of the cluster
  std::optional<TlsFiles> tls{};   ///< without it only loopback is listened on and dialed

  /// Largest frame taken or accepted: a payload of 8 MiB, and as much again around it.
  std::size_t frame_bytes_max = (16u << 20) + (64u << 10);
  /// In flight a link and direction; a larger frame travels alone.
  std::size_t window_bytes = 1u << 20;
  /// Of one connection, before the next one has its turn.
  std::size_t consecutive_reads_max = 50;
  /// Connections that have not proved who they are; the oldest makes way for the next.
  std::size_t unproven_max = 64;

  std::chrono::milliseconds hello_timeout{5'000};  ///< from dialing or accepting to up
  std::chrono::milliseconds ping_interval{1'000};
  std::chrono::milliseconds silence_max{5'000};  ///< then a link is down
  std::chrono::milliseconds redial_first{100};   ///< doubling
  std::chrono::milliseconds redial_max{5'000};
  std::chrono::milliseconds drain_timeout{1'000};     ///< of stop, for frames in flight
  std::chrono::milliseconds teardown_timeout{2'000};  ///< of stop, for everything after
};

/// Fails with `invalid_argument`, saying which option, what it is and what was expected.
[[nodiscard]] Result<void> check_options(const TransportOptions& options);

/// An IP address of this machine's loopback.
[[nodiscard]] bool is_loopback(const std::string& host);

}  // namespace millrace::transport
