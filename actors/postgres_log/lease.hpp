// Lease: the thread that keeps a seat for its holder, from its taking on: a long recovery, or commits that
// wait for a standby, must not let it go.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "actors/postgres_log/fence.hpp"
#include "actors/postgres_log/options.hpp"
#include "actors/postgres_log/session/connector.hpp"
#include "actors/postgres_log/session/interrupt.hpp"
#include "actors/postgres_log/session/session.hpp"
#include "messages/result.hpp"

namespace millrace::postgres_log {

/// Renews the lease of a seat each third of it, on a connection of its own. Without a lease
/// (Options::lease is 0) it only looks each second whether another process has the seat. Any thread may
/// call any function, but for stop() and the destructor.
class Lease {
 public:
  /// The seat was taken just now, with `owner.epoch`. REQUIRES: the connector outlives the lease.
  Lease(const Options& options, const Owner& owner, Connector& connector);
  ~Lease() { stop(false); }
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;

  /// Calls `on_fenced` on the lease's thread when another process has the seat, also if that happened
  /// before. Replaces the one before.
  void watch(std::function<void()> on_fenced);
  /// Ends the thread. `gives_up`: ends the lease, too, so that another process need not wait for it; blocks
  /// for up to Options::stop_patience then. Without that the lease ends by itself. A second call does
  /// nothing.
  void stop(bool gives_up);

  /// Until the lease ends, as far as this process knows: before, and after that <= 0. Without a lease: 0.
  [[nodiscard]] std::int64_t left_us() const;

 private:
  using Clock = std::chrono::steady_clock;

  void run();
  [[nodiscard]] Result<void> connect();
  [[nodiscard]] Result<void> renew();

  /// Between looks at the epoch where there is no lease to renew.
  static constexpr std::chrono::milliseconds watch_interval{1'000};

  const Options options_;
  const Owner owner_;
  Connector& connector_;
  const std::chrono::milliseconds interval_;
  Interrupt interrupt_;  ///< ends what the thread waits for

  std::mutex mutex_;  ///< guards the fields down to is_done_
  std::condition_variable changed_;
  std::function<void()> on_fenced_;
  bool is_fenced_ = false;
  bool is_stopping_ = false;
  bool gives_up_ = false;
  bool is_done_ = false;

  std::atomic<Clock::rep> until_ = 0;  ///< steady; 0: there is no lease
  std::unique_ptr<Session> session_;   ///< of the thread
  std::thread thread_;
};

}  // namespace millrace::postgres_log
