// LoadCourse: how far a load has come: which messages are sent next, and when; and when it ends. Shared by its
// clients.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>

#include "apps/bench/load/load_options.hpp"
#include "messages/result.hpp"

namespace millrace::bench {

/// Thread-safe. A load is over when its messages are sent or received, its time has passed, nothing has been received
/// for too long, it was stopped, or a client failed.
class LoadCourse {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// `rate_per_s` and `idle_s`: 0: no limit. Begins now.
  LoadCourse(const LoadExtent& extent, double rate_per_s, double idle_s);

  /// Consecutive messages of a publisher.
  struct Portion {
    std::uint64_t first = 0;
    std::size_t count = 0;
    Time due{};  ///< when they were to be sent
  };
  /// The next messages, at most `max`; waits until they are due. Nullopt: the load is over.
  [[nodiscard]] std::optional<Portion> take(std::size_t max);

  /// How many of `max` messages a consumer may receive now. 0: others receive what is left; ask again, unless the
  /// load is over.
  [[nodiscard]] std::size_t reserve(std::size_t max);
  /// Of `reserved` messages a consumer has received `received`.
  void receive(std::size_t reserved, std::size_t received);

  /// Waits for this time. False: the load was stopped, or has failed.
  [[nodiscard]] bool wait(std::chrono::milliseconds time);
  [[nodiscard]] bool is_over();

  void stop();
  /// The load cannot go on. The first failure counts.
  void fail(const Error& error);
  [[nodiscard]] std::optional<Error> failure();

 private:
  [[nodiscard]] bool is_over_now() const;  ///< REQUIRES: mutex_ is held

  const LoadExtent extent_;
  const double rate_per_s_;
  const double idle_s_;
  const Time began_;
  std::mutex mutex_;  ///< guards what follows
  std::condition_variable changed_;
  std::uint64_t next_ = 0;      ///< number of the next message, or how many are reserved
  std::uint64_t received_ = 0;  ///< by all consumers
  Time moved_{};                ///< when something was received
  bool is_stopped_ = false;
  std::optional<Error> failure_{};
};

}  // namespace millrace::bench
