// WitnessMemory: what the world outside the node knows, in memory that outlives a killed node.
//
// The customers' side of the run: which orders were offered, which were confirmed, when they were
// finished; and the payment gateway's books. A simulated node writes it, the process that watches
// over the run reads it, and no crash of the node takes anything from it.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "actors/base/latency_histogram.hpp"
#include "apps/orders/gateway/gateway_books.hpp"
#include "messages/result.hpp"

namespace millrace::simulate {

constexpr std::size_t queue_max = 24;
constexpr std::size_t state_max = 16;

/// One order, as whoever placed it knows it.
struct OrderPage {
  std::atomic<std::int64_t> due_us;  ///< when it was, or should have been, placed first; 0: not yet
  std::atomic<std::uint8_t> is_confirmed;
  std::atomic<std::uint8_t> outcome;  ///< orders::Status when it was finished; 0: not yet
  orders::GatewayBook book;
};

/// A queue over all its shards.
struct QueuePage {
  std::array<char, 64> name;
  std::atomic<std::uint64_t> queued;
  std::atomic<std::uint64_t> redelivered;
  std::atomic<std::uint64_t> dead;
};

/// The beginning of the memory. All zero at first. One node at a time writes.
struct WitnessHead {
  std::uint64_t orders;                     ///< number of pages
  std::atomic<std::int64_t> started_at_us;  ///< when the first order was due
  std::atomic<std::int64_t> last_finished_at_us;
  std::atomic<std::int64_t> mostly_finished_at_us;  ///< when 99 % of the orders had an outcome
  std::atomic<std::uint64_t> offered;               ///< orders offered at least once
  std::atomic<std::uint64_t> finished;              ///< orders with an outcome
  std::array<std::atomic<std::uint64_t>, state_max> outcomes;  ///< finished orders by status
  std::atomic<std::uint32_t> starts;                           ///< nodes that came to serve
  std::atomic<std::uint32_t> is_storage_full;
  std::atomic<std::uint32_t> queue_count;
  std::array<QueuePage, queue_max> queues;
  std::array<char, 512> failure;  ///< why the node gave up; empty: it did not
  LatencyHistogram latency;       ///< from due to finished
};

/// 99 % of the orders, rounded up. The rest may wait for timeouts that faults bring about on
/// purpose, which says nothing about how fast a node works.
[[nodiscard]] constexpr std::uint64_t mostly(std::uint64_t orders) {
  return orders - orders / 100;
}

/// Shared memory behind a file descriptor. Movable.
class WitnessMemory {
 public:
  /// Fresh memory for `orders` orders. Fails with `storage_full` where the system has none.
  [[nodiscard]] static Result<WitnessMemory> create(std::uint64_t orders);

  /// The memory of a process that passed `fd` on. Fails with `invalid_argument`.
  [[nodiscard]] static Result<WitnessMemory> open(int fd);

  ~WitnessMemory();
  WitnessMemory(WitnessMemory&& other) noexcept;
  WitnessMemory& operator=(WitnessMemory&&) = delete;

  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] WitnessHead& head() const { return *static_cast<WitnessHead*>(base_); }
  [[nodiscard]] std::span<OrderPage> orders() const;

 private:
  WitnessMemory(int fd, void* base, std::size_t bytes) : fd_(fd), base_(base), bytes_(bytes) {}

  int fd_;
  void* base_;
  std::size_t bytes_;
};

/// Brings the head's counts in line with the pages. A node may be killed between the two: the one
/// after it calls this before it writes, or an order would stay uncounted for ever.
void recount(WitnessMemory& witness);

/// The number in an order id of the load; beyond `orders` for any other text.
[[nodiscard]] std::uint64_t order_number(std::string_view order_id);

/// The gateway's books, one page an order. Pages of different orders may be written by different
/// threads at a time.
class WitnessBooks final : public orders::GatewayBooks {
 public:
  explicit WitnessBooks(std::span<OrderPage> pages) : pages_(pages) {}
  [[nodiscard]] orders::GatewayBook& book(std::string_view order_id) override;

 private:
  std::span<OrderPage> pages_;
};

}  // namespace millrace::simulate
