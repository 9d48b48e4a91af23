// StageBreaker: the breaker of one stage on this node, which the queues of all its shards share.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <utility>

#include "actors/queue/breaker/breaker.hpp"

namespace millrace::queues {

/// What operators and metrics see of a breaker.
struct BreakerView {
  Breaker::Phase phase = Breaker::Phase::closed;
  TimeUs open_since_us = 0;  ///< wall clock; 0: closed
  std::uint64_t trips = 0;   ///< since the start of the node
  std::uint64_t probes = 0;  ///< as trips
};

/// Thread-safe. Functions as those of Breaker.
class StageBreaker {
 public:
  /// Called without a lock, on the thread of any queue of the stage, when the breaker may let more or
  /// fewer messages through than before. Must not throw.
  using OnChange = std::function<void(const BreakerView& before, const BreakerView& after)>;

  StageBreaker(const BreakerOptions& options, OnChange on_change)
      : core_(options), poll_us_(options.probe_first.count()), on_change_(std::move(on_change)) {}

  [[nodiscard]] bool is_closed() const { return is_closed_.load(std::memory_order_acquire); }
  [[nodiscard]] BreakerView view() const {
    const std::lock_guard lock(mutex_);
    return view_of_core();
  }

  void open_again(TimeUs since_us, SteadyUs now_us) {
    const std::lock_guard lock(mutex_);
    core_.open_again(since_us, now_us);
    is_closed_ = core_.is_closed();
  }

  void handled(std::uint64_t succeeded, std::uint64_t failed, Now now, std::uint64_t jitter) {
    change([&] { return core_.handled(succeeded, failed, now, jitter); });
  }

  /// 0 also where the breaker is closed.
  [[nodiscard]] std::uint32_t take(std::uint32_t wanted, SteadyUs now_us) {
    const std::lock_guard lock(mutex_);
    return core_.is_closed() ? 0 : core_.take(wanted, now_us);
  }
  void give_back(std::uint32_t count) {
    const std::lock_guard lock(mutex_);
    core_.give_back(count);
  }
  void ended(ProbeResult result, SteadyUs now_us, std::uint64_t jitter) {
    change([&] {
      core_.ended(result, now_us, jitter);
      return true;
    });
  }
  [[nodiscard]] bool has_room(SteadyUs now_us) const {
    const std::lock_guard lock(mutex_);
    return core_.is_closed() || core_.has_room(now_us);
  }

  /// When a queue with messages that are ready should look again, if nothing happens before.
  [[nodiscard]] SteadyUs look_us(SteadyUs now_us) const {
    const std::lock_guard lock(mutex_);
    const auto next_us = core_.next_us();
    return next_us && *next_us > now_us ? *next_us : time_after(now_us, poll_us_);
  }

 private:
  [[nodiscard]] BreakerView view_of_core() const {
    return {core_.phase(), core_.open_since_us(), core_.trips(), core_.probes()};
  }

  template <class Act>
  void change(Act act) {
    BreakerView before;
    BreakerView after;
    {
      const std::lock_guard lock(mutex_);
      before = view_of_core();
      if (!act()) return;
      is_closed_.store(core_.is_closed(), std::memory_order_release);
      after = view_of_core();
    }
    if (on_change_) on_change_(before, after);
  }

  mutable std::mutex mutex_;  ///< guards core_
  Breaker core_;
  const DurationUs poll_us_;
  const OnChange on_change_;
  std::atomic<bool> is_closed_{true};
};

}  // namespace millrace::queues
