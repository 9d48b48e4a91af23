// SeatWatch: the thread of a running node that looks at the table of seats: it tells where the nodes of the
// cluster are reached, and keeps there where this one is.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "actors/postgres_log/options.hpp"
#include "actors/postgres_log/session/connector.hpp"
#include "actors/postgres_log/session/interrupt.hpp"
#include "actors/postgres_log/session/session.hpp"
#include "messages/result.hpp"

namespace millrace::postgres_log {

/// Any thread may call hurry(); the other functions are of one thread. Has a connection of its own, and
/// tries for ever to get one: an outage of the database only makes what it has told older.
class SeatWatch {
 public:
  struct Own {
    std::uint64_t epoch = 0;
    std::string address{};  ///< "host:port"
    std::string http{};     ///< "host:port"
  };
  /// Called on the watch's thread with all seats, whenever one has appeared, gone, or changed its epoch or
  /// addresses. Must not throw or call stop().
  using OnSeats = std::function<void(const std::vector<Seat>& seats)>;

  /// Starts to look. `options`: of the log of this node, with the name of its seat. Fails with
  /// `invalid_argument`: the connection string.
  [[nodiscard]] static Result<std::unique_ptr<SeatWatch>> start(const Options& options, Own own,
                                                                OnSeats on_seats);
  /// As stop().
  ~SeatWatch() { stop(); }
  SeatWatch(const SeatWatch&) = delete;
  SeatWatch& operator=(const SeatWatch&) = delete;

  /// A peer is missed: looks now, and often for a while.
  void hurry();
  /// Ends the thread; on_seats is not called any more. A second call does nothing.
  void stop();

 private:
  using Clock = std::chrono::steady_clock;
  SeatWatch(Dsn dsn, const Options& options, Own own, OnSeats on_seats);

  void run();
  [[nodiscard]] Result<void> look();
  [[nodiscard]] Result<void> keep_addresses(const std::vector<Seat>& seats);

  static constexpr std::chrono::milliseconds interval{1'000};
  static constexpr std::chrono::milliseconds hurried_interval{100};
  static constexpr std::chrono::seconds hurry_span{10};

  const Options options_;
  const Own own_;
  const OnSeats on_seats_;
  Connector connector_;
  Interrupt interrupt_;
  std::unique_ptr<Session> session_;  ///< of the thread
  std::vector<Seat> told_;            ///< of the thread

  std::mutex mutex_;  ///< guards what follows, but for thread_
  std::condition_variable changed_;
  Clock::time_point hurried_until_;
  bool is_hurried_ = false;  ///< since the last look
  bool is_stopping_ = false;
  std::thread thread_;
};

}  // namespace millrace::postgres_log
