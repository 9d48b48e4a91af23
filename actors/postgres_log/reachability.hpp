// Reachability: whether records become durable, and since when they do not.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>

#include "actors/log/proposal.hpp"

namespace millrace::postgres_log {

/// A message without its numbers, to tell whether two have the same reason: times and process ids differ.
[[nodiscard]] inline std::string without_numbers(std::string message) {
  std::erase_if(message, [](char c) { return c >= '0' && c <= '9'; });
  return message;
}

/// One thread reports; any thread may ask.
class Reachability {
 public:
  Reachability(logs::Listener& listener, std::chrono::milliseconds patience)
      : listener_(listener), patience_(patience) {}

  /// Begins an outage, unless one goes on. Calls the listener.
  void lost(const Error& error) {
    if (lost_at_.load() != 0) return;
    lost_at_ = now();
    ++outages_;
    listener_.on_unreachable({ErrorCode::log_unreachable, error.message});
  }
  /// Ends the outage, if one goes on. Calls the listener.
  void found() {
    if (lost_at_.load() == 0) return;
    lost_at_ = 0;
    listener_.on_reachable();
  }

  [[nodiscard]] bool is_reachable() const { return lost_at_.load() == 0; }
  [[nodiscard]] bool is_out_of_patience() const {
    const std::int64_t lost_at = lost_at_.load();
    return lost_at != 0 && std::chrono::nanoseconds(now() - lost_at) > patience_;
  }
  [[nodiscard]] std::uint64_t outages() const { return outages_; }

 private:
  [[nodiscard]] static std::int64_t now() {
    return std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count();
  }

  logs::Listener& listener_;
  const std::chrono::milliseconds patience_;
  std::atomic<std::int64_t> lost_at_ = 0;  ///< steady time in ns; 0: reachable
  std::atomic<std::uint64_t> outages_ = 0;
};

}  // namespace millrace::postgres_log
