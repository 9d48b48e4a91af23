// ExitLatch: waits, for a bounded time, until a number of actors have ended.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>

#include <caf/actor.hpp>
#include <caf/error.hpp>

namespace millrace::transport {

class ExitLatch {
 public:
  void add(const caf::actor& actor) {
    const auto state = state_;
    {
      const std::lock_guard lock(state->mutex);
      ++state->running;
    }
    actor->attach_functor([state](const caf::error&) {
      const std::lock_guard lock(state->mutex);
      --state->running;
      state->changed.notify_all();
    });
  }

  [[nodiscard]] bool wait_until(std::chrono::steady_clock::time_point deadline) {
    std::unique_lock lock(state_->mutex);
    return state_->changed.wait_until(lock, deadline, [this] { return state_->running == 0; });
  }

 private:
  struct State {
    std::mutex mutex;
    std::condition_variable changed;
    std::size_t running = 0;
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace millrace::transport
