// RemoteBoard: what the customers of a remote load share: the work, and what came of it.
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

struct RemoteTask {
  enum class Kind : std::uint8_t { place, ask };
  Kind kind = Kind::place;
  std::uint64_t order = 0;
  std::uint32_t turn = 0;  ///< how often it has been asked about before
};

/// No threads and no clock. Each task that is taken is answered by one of the notes.
class WorkList {
 public:
  WorkList(std::uint64_t orders, const orders::Arrival& arrival, TimeUs start_us)
      : orders_(orders), arrival_(arrival), start_us_(start_us) {}

  /// The next task that is due.
  [[nodiscard]] std::optional<RemoteTask> take(TimeUs now_us);
  /// When an order was due that take() gave out to be placed.
  [[nodiscard]] TimeUs due_us(std::uint64_t order, TimeUs now_us) const;

  /// Asked about again after 100 ms, and then after twice as long each time, up to 2 s.
  void note_open(std::uint64_t order, std::uint32_t turn, TimeUs now_us);
  void note_ended() { ++ended_; }

  /// From now on all orders that were placed are asked about, once until each has ended.
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

/// One order, as its customer knows it.
struct RemoteOrder {
  TimeUs due_us = 0;  ///< when it was, or should have been, placed first; 0: not yet
  bool is_confirmed = false;
  bool is_read = false;            ///< a node has said what is there of it
  std::optional<KeyView> found{};  ///< that, once it is read; nothing: no node has it
};

/// Counts of a moment.
struct RemoteCounts {
  std::uint64_t placed = 0;
  std::uint64_t ended = 0;         ///< orders at an end; while they are read: those read
  std::uint64_t retried = 0;       ///< calls that failed and were made again
  TimeUs answered_us = 0;          ///< when a node answered last
  TimeUs moved_us = 0;             ///< when an order was confirmed, ended or read last
  std::optional<Error> refusal{};  ///< an answer that no repeat can help
  std::optional<Error> trouble{};  ///< of the last call that was made again
};

/// Any thread may call it.
class RemoteBoard {
 public:
  RemoteBoard(std::uint64_t orders, const orders::Arrival& arrival, std::size_t nodes);

  /// Waits for work; nothing when the load stops.
  [[nodiscard]] std::optional<RemoteTask> wait_for_task();
  /// Waits; false when the load stops meanwhile.
  [[nodiscard]] bool pause(std::chrono::milliseconds span);

  /// The node to ask: the preferred one, or the next that did not fail to answer just now.
  [[nodiscard]] std::size_t pick_node(std::size_t preferred) const;
  void shun(std::size_t node);

  void note_answered();
  void note_trouble(const Error& error);
  void note_refused(const Error& error);
  void note_confirmed(const RemoteTask& task);
  void note_open(const RemoteTask& task);
  void note_ended();
  void note_read(std::uint64_t order, std::optional<KeyView> found);

  /// No more orders are placed; those that were are read, whatever their status.
  void begin_reading();
  [[nodiscard]] bool is_reading() const;
  void stop();

  [[nodiscard]] RemoteCounts counts() const;
  [[nodiscard]] TimeUs start_us() const { return start_us_; }
  /// By number. For one thread, when no customer is left.
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
