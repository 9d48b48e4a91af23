// RemoteBoard: what the customers of a remote load share: the work, and what came of it.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "actors/base/clock.hpp"
#include "actors/store/durable_view.hpp"
#include "apps/orders/load/arrival.hpp"
#include "apps/simulate/remote/work_list.hpp"
#include "messages/result.hpp"

namespace millrace::simulate {

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
