// RemoteBoard: the tasks and results that the customer threads of a remote load share.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <queue>
#include <string>
#include <tuple>
#include <vector>

#include "actors/base/clock.hpp"
#include "actors/base/time.hpp"
#include "actors/store/durable_view.hpp"
#include "apps/orders/load/arrival.hpp"
#include "messages/result.hpp"

namespace millrace::simulate {

/// Place an order, or ask a node for its status.
struct RemoteTask {
  enum class Kind : std::uint8_t { place, ask };
  Kind kind = Kind::place;
  std::uint64_t order = 0;
  std::uint32_t turn = 0;  ///< earlier status requests for this order
};

/// Schedules tasks. Pure: not thread-safe, reads no clock. For each task that take() returns, the
/// caller calls exactly one of note_open() and note_ended().
class WorkList {
 public:
  WorkList(std::uint64_t orders, const orders::Arrival& arrival, TimeUs start_us)
      : orders_(orders), arrival_(arrival), start_us_(start_us) {}

  /// Returns the next due task, or nullopt if none is due at `now_us`.
  [[nodiscard]] std::optional<RemoteTask> take(TimeUs now_us);
  /// Scheduled time of an order that take() returned for placing.
  [[nodiscard]] TimeUs due_us(std::uint64_t order, TimeUs now_us) const;

  /// Schedules the next status request: after 100 ms, doubled for each `turn`, at most 2 s.
  void note_open(std::uint64_t order, std::uint32_t turn, TimeUs now_us);
  void note_ended() { ++ended_; }

  /// Stops placing orders and schedules a status request for every placed order; each is repeated
  /// until it ends.
  void ask_all_again();

  [[nodiscard]] std::uint64_t placed() const { return next_; }
  [[nodiscard]] std::uint64_t ended() const { return ended_; }

 private:
  using Look = std::tuple<TimeUs, std::uint64_t, std::uint32_t>;  // when, order, turn

  std::uint64_t orders_;
  orders::Arrival arrival_;
  TimeUs start_us_;
  std::uint64_t next_ = 0;
  std::uint64_t ended_ = 0;
  bool is_placing_ = true;
  std::priority_queue<Look, std::vector<Look>, std::greater<>> looks_;
};

/// One order as its customer sees it.
struct RemoteOrder {
  TimeUs due_us = 0;  ///< scheduled time of the first offer; 0: not yet placed
  bool is_confirmed = false;
  bool is_read = false;            ///< a node has answered the final read
  std::optional<KeyView> found{};  ///< result of the final read; nullopt: no node has the order
};

/// Counts of the load at one point in time.
struct RemoteCounts {
  std::uint64_t placed = 0;
  std::uint64_t ended = 0;         ///< finished orders; after begin_reading(): orders read
  std::uint64_t retried = 0;       ///< failed calls that were retried
  TimeUs answered_us = 0;          ///< time of the last answer of a node
  TimeUs moved_us = 0;             ///< time of the last progress: an order confirmed, ended or read
  std::optional<Error> refusal{};  ///< an error that a retry cannot resolve; ends the load
  std::optional<Error> trouble{};  ///< error of the last retried call
};

/// Thread-safe, except orders().
class RemoteBoard {
 public:
  RemoteBoard(std::uint64_t orders, const orders::Arrival& arrival, std::size_t nodes);

  /// Blocks until a task is due. Returns nullopt after stop().
  [[nodiscard]] std::optional<RemoteTask> wait_for_task();
  /// Blocks for `span`. Returns false, early, if stop() is called.
  [[nodiscard]] bool pause(std::chrono::milliseconds span);

  /// Returns `preferred`, or the next node that is not shunned; `preferred` if all are.
  [[nodiscard]] std::size_t pick_node(std::size_t preferred) const;
  /// Excludes a node that did not answer from pick_node() for one second.
  void shun(std::size_t node);

  void note_answered();
  void note_trouble(const Error& error);
  void note_refused(const Error& error);
  void note_confirmed(const RemoteTask& task);
  void note_open(const RemoteTask& task);
  void note_ended();
  void note_read(std::uint64_t order, std::optional<KeyView> found);

  /// Stops placing orders and starts the final read of all placed orders.
  void begin_reading();
  [[nodiscard]] bool is_reading() const;
  void stop();

  [[nodiscard]] RemoteCounts counts() const;
  [[nodiscard]] TimeUs start_us() const { return start_us_; }
  /// Orders by number. REQUIRES: all customer threads have ended.
  [[nodiscard]] std::vector<RemoteOrder>& orders() { return orders_; }

 private:
  SystemClock clock_;
  const TimeUs start_us_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  WorkList work_;
  RemoteCounts counts_;
  std::vector<RemoteOrder> orders_;
  std::vector<TimeUs> shunned_until_us_;  ///< by node
  bool is_reading_ = false;
  bool is_stopping_ = false;
};

}  // namespace millrace::simulate
