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

constexpr std::size_t node_max = 16;
constexpr std::size_t queue_max = 32;
constexpr std::size_t state_max = 16;

/// One order, as whoever placed it knows it.
struct OrderPage {
  std::atomic<std::int64_t> due_us;  ///< when it was, or should have been, placed first; 0: not yet
  std::atomic<std::uint8_t> is_confirmed;
  /// orders::Status when it was finished, and above 8 bits the node that was told; 0: not yet.
  std::atomic<std::uint16_t> outcome;
  orders::GatewayBook book;
};

/// The status in OrderPage::outcome.
[[nodiscard]] constexpr std::uint8_t status_of(std::uint16_t outcome) {
  return static_cast<std::uint8_t>(outcome & 0xff);
}

/// A queue over all shards that a node serves.
struct QueuePage {
  std::array<char, 64> name;
  std::atomic<std::uint64_t> queued;
  std::atomic<std::uint64_t> redelivered;
  std::atomic<std::uint64_t> dead;
};

/// One node. Only its own process writes, but for what it is told.
struct NodePage {
  std::atomic<std::uint32_t> starts;      ///< processes that came to serve
  std::atomic<std::uint16_t> port;        ///< at which other nodes reach it; 0: not yet
  std::atomic<std::uint32_t> is_placed;   ///< its customers have placed all they have
  std::atomic<std::uint32_t> rest_looks;  ///< looks in a row at which nothing was left to do
  std::atomic<std::uint32_t> is_storage_full;
  std::atomic<std::uint64_t> offered;   ///< orders offered here at least once
  std::atomic<std::uint64_t> finished;  ///< orders whose outcome was told here
  std::array<std::atomic<std::uint64_t>, state_max> outcomes;  ///< the same by status
  LatencyHistogram latency;                                    ///< of those, from due to finished
  std::atomic<std::uint32_t> queue_count;
  std::array<QueuePage, queue_max> queues;
  std::array<char, 512> failure;            ///< why the node gave up; empty: it did not
  std::atomic<std::int64_t> disk_delay_us;  ///< told: how much longer each sync takes
  std::atomic<std::uint64_t> told_moves;    ///< told: how many shards it is to give away
  std::atomic<std::uint32_t> move_target;   ///< told: to which node the next
  std::atomic<std::uint64_t> moves;         ///< shards that it gave away
};

/// The beginning of the memory. All zero at first.
struct WitnessHead {
  std::uint64_t orders;                     ///< number of pages
  std::uint32_t nodes;                      ///< of `node` that are in use
  std::atomic<std::int64_t> started_at_us;  ///< when the first order was due
  std::atomic<std::int64_t> last_finished_at_us;
  std::atomic<std::int64_t> mostly_finished_at_us;  ///< when 99 % of the orders had an outcome
  std::array<NodePage, node_max> node;

  [[nodiscard]] std::span<const NodePage> in_use() const { return {node.data(), nodes}; }
  [[nodiscard]] std::uint64_t offered() const;
  [[nodiscard]] std::uint64_t finished() const;
  [[nodiscard]] LatencyHistogram latency() const;
};

/// 99 % of the orders, rounded up. The rest may wait for timeouts that faults bring about on
/// purpose, which says nothing about how fast a node works.
[[nodiscard]] constexpr std::uint64_t mostly(std::uint64_t orders) {
  return orders - orders / 100;
}

/// Shared memory behind a file descriptor. Movable.
class WitnessMemory {
 public:
  /// Fresh memory for `orders` orders and at most `node_max` nodes. Fails with `storage_full` where
  /// the system has none.
  [[nodiscard]] static Result<WitnessMemory> create(std::uint64_t orders, std::uint32_t nodes);

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

/// The node whose customer places the order.
[[nodiscard]] constexpr std::uint32_t placing_node(std::uint64_t order, std::uint32_t nodes) {
  return static_cast<std::uint32_t>(order % nodes);
}

/// Brings the counts of a node in line with the pages. It may have been killed between the two: its
/// next process calls this before it writes, or an order would stay uncounted for ever.
void recount(WitnessMemory& witness, std::uint32_t node);

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
