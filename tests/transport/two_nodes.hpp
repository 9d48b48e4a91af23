// Fixture parts for two transports, "a" and "b", over real sockets in one process; "a" dials "b".
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "cluster/transport/net/caf_transport.hpp"
#include "tests/transport/recording_listener.hpp"

namespace millrace::transport {

inline NodeIdentity identity(const std::string& node, std::uint64_t incarnation = 1) {
  return {"test", node, incarnation, 1};
}

inline TransportOptions quick_options(const std::string& node, const std::string& peer,
                                      std::uint16_t peer_port = 1) {
  TransportOptions options;
  options.own = identity(node);
  options.peers = {{peer, {"127.0.0.1", peer_port}}};
  options.redial_first = std::chrono::milliseconds(10);
  options.redial_max = std::chrono::milliseconds(100);
  options.ping_interval = std::chrono::milliseconds(100);
  options.silence_max = std::chrono::seconds(10);
  return options;
}

/// Returns a started transport; on failure fails the test and returns nullptr.
inline std::unique_ptr<CafTransport> started(TransportOptions options,
                                             TransportListener& listener) {
  auto made = CafTransport::make(std::move(options));
  if (!made) {
    ADD_FAILURE() << made.error().message;
    return nullptr;
  }
  if (auto start = (*made)->start(listener); !start) {
    ADD_FAILURE() << start.error().message;
    return nullptr;
  }
  return std::move(*made);
}

/// Polls until `holds` is true or `limit` has passed; returns whether it is true. For conditions
/// that nothing signals.
template <class Predicate>
bool eventually(Predicate holds, std::chrono::milliseconds limit = std::chrono::seconds(10)) {
  std::mutex mutex;
  std::condition_variable never;
  std::unique_lock lock(mutex);
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (!holds()) {
    if (std::chrono::steady_clock::now() >= deadline) return false;
    never.wait_for(lock, std::chrono::milliseconds(2));
  }
  return true;
}

}  // namespace millrace::transport
