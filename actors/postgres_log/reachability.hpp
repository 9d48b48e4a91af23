// Reachability: whether records become durable, and since when they do not.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "actors/log/proposal.hpp"

namespace millrace::postgres_log {

/// A message without its numbers, to tell whether two have the same reason: times and process ids differ.
[[nodiscard]] inline std::string without_numbers(std::string message) {
  std::erase_if(message, [](char c) { return c >= '0' && c <= '9'; });
  return message;
}

/// Which reasons of one wait are worth telling: attempts repeat theirs, and several hosts give them in turn.
class ToldReason {
 public:
  explicit ToldReason(std::chrono::milliseconds interval) : interval_(interval) {}

  /// Whether `error` is to be told at `now`: the first one, another code, or another reason if the last one
  /// was told at least an interval ago. It counts as told then.
  [[nodiscard]] bool is_new(const Error& error, std::chrono::steady_clock::time_point now) {
    std::string reason = without_numbers(error.message);
    const bool is_other = reason != reason_ && now >= told_at_ + interval_;
    if (code_ == error.code && !is_other) return false;
    code_ = error.code;
    reason_ = std::move(reason);
    told_at_ = now;
    return true;
  }
  /// The wait is over.
  void reset() { code_.reset(); }

 private:
  const std::chrono::milliseconds interval_;
  std::optional<ErrorCode> code_{};
  std::string reason_{};
  std::chrono::steady_clock::time_point told_at_{};
};

/// One thread reports; any thread may ask.
class Reachability {
 public:
  /// `tell_interval`: the least time between two reasons of one outage.
  Reachability(logs::Listener& listener, std::chrono::milliseconds patience,
               std::chrono::milliseconds tell_interval)
      : listener_(listener), patience_(patience), told_(tell_interval) {}

  /// Begins an outage, unless one goes on. Calls the listener, also with a later reason that is new.
  void lost(const Error& error) {
    const Error reason{ErrorCode::log_unreachable, error.message};
    if (lost_at_.load() == 0) {
      lost_at_ = now();
      ++outages_;
      told_.reset();
    }
    if (told_.is_new(reason, std::chrono::steady_clock::now())) listener_.on_unreachable(reason);
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
  ToldReason told_;  ///< of the thread that reports
};

}  // namespace millrace::postgres_log
