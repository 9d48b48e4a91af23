// WitnessMemory: the customers' and the gateway's records of a simulation, in shared memory that
// survives the kill of a node process.
//
// It records which orders were offered, confirmed and finished, and the books of the payment
// gateway. The node processes write it, each its own page; the parent process reads it for progress
// and audit. The same binary maps it in all processes, so that its layout is not a format.
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
constexpr std::size_t standby_max = 16;
constexpr std::size_t process_max = node_max + standby_max;
constexpr std::size_t queue_max = 32;
constexpr std::size_t state_max = 16;

/// One order as its customer sees it. Written by the node that places the order, or that finishes
/// it.
struct OrderPage {
  /// Scheduled time of the first offer, as all times here in steady time; 0: not yet placed.
  std::atomic<std::int64_t> due_us;
  std::atomic<std::uint8_t> is_confirmed;
  /// Bits 0-7: final orders::Status; bits 8-15: node that read the outcome. 0: not finished.
  std::atomic<std::uint16_t> outcome;
  orders::GatewayBook book;
};

/// The status in OrderPage::outcome.
[[nodiscard]] constexpr std::uint8_t status_of(std::uint16_t outcome) {
  return static_cast<std::uint8_t>(outcome & 0xff);
}

/// Counts of one queue, summed over the shards that a node serves.
struct QueuePage {
  std::array<char, 64> name;
  std::atomic<std::uint64_t> queued;
  std::atomic<std::uint64_t> redelivered;
  std::atomic<std::uint64_t> dead;
};

/// One node. Written by its process, except the requests at the end, which the parent process
/// writes.
struct NodePage {
  std::atomic<std::int32_t> pid;          ///< process that became this node last; 0: none
  std::atomic<std::int32_t> serving_pid;  ///< the same of the one that reached serving last
  std::atomic<std::uint16_t> port;        ///< for other nodes; 0: not listening yet
  std::atomic<std::uint32_t> is_placed;   ///< all orders of its customers are placed
  std::atomic<std::uint32_t> rest_looks;  ///< consecutive checks at which all its queues were idle
  std::atomic<std::uint32_t> is_storage_full;
  std::atomic<std::int64_t> served_at_us;  ///< when the process `serving_pid` reached serving
  std::atomic<std::uint64_t> confirmed;    ///< records that its log has confirmed, by all processes
  std::atomic<std::uint64_t> offered;      ///< orders offered here at least once
  std::atomic<std::uint64_t> finished;     ///< orders whose outcome this node read
  std::array<std::atomic<std::uint64_t>, state_max> outcomes;  ///< `finished` by status
  LatencyHistogram latency;  ///< of `finished`, from due to finished
  std::atomic<std::uint32_t> queue_count;
  std::array<QueuePage, queue_max> queues;
  std::atomic<std::int64_t> disk_delay_us;     ///< requested extra duration of each sync
  std::atomic<std::int64_t> clock_offset_us;   ///< by which the wall clock of its process is wrong
  std::atomic<std::uint64_t> requested_moves;  ///< requested number of moves so far
  std::atomic<std::uint32_t> move_target;      ///< requested target of the latest move
  std::atomic<std::uint64_t> moves;            ///< completed moves away from this node
};

/// One process of the simulation. Written by the process; the parent process clears it.
struct ProcessPage {
  std::atomic<std::uint32_t> node;        ///< 1 + number of the node that it is; 0: none yet
  std::atomic<std::uint32_t> is_waiting;  ///< as a standby, for a node to become
  std::array<char, 512> failure;  ///< reason why the process ended with an error; else empty
};

/// Start of the memory; the order pages follow. Initially all zero.
struct WitnessHead {
  std::uint64_t orders;                     ///< number of pages
  std::uint32_t nodes;                      ///< used entries of `node`, <= node_max
  std::atomic<std::int64_t> started_at_us;  ///< when the first order was due
  std::atomic<std::int64_t> last_finished_at_us;
  std::atomic<std::int64_t> mostly_finished_at_us;  ///< when 99 % of the orders had an outcome
  std::array<NodePage, node_max> node;
  std::array<ProcessPage, process_max> process;

  [[nodiscard]] std::span<const NodePage> in_use() const { return {node.data(), nodes}; }
  [[nodiscard]] std::uint64_t offered() const;
  [[nodiscard]] std::uint64_t finished() const;
  [[nodiscard]] LatencyHistogram latency() const;
};

/// 99 % of the orders, rounded up. The others may wait for timeouts caused by injected faults,
/// which would distort the throughput.
[[nodiscard]] constexpr std::uint64_t mostly(std::uint64_t orders) {
  return orders - orders / 100;
}

/// Shared memory with a file descriptor; unmapped and closed by the destructor.
class WitnessMemory {
 public:
  /// Creates memory for `orders` orders. REQUIRES: nodes <= node_max. Fails with `storage_full` if
  /// the system has too little memory.
  [[nodiscard]] static Result<WitnessMemory> create(std::uint64_t orders, std::uint32_t nodes);

  /// Maps the memory of the parent process from the inherited `fd`. Fails with `invalid_argument`.
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

/// Number of the node that places this order.
[[nodiscard]] constexpr std::uint32_t placing_node(std::uint64_t order, std::uint32_t nodes) {
  return static_cast<std::uint32_t>(order % nodes);
}

/// Recomputes the counts of a node from the order pages. A kill can fall between the write of an
/// order page and that of a count; each new process therefore calls this before it writes.
void recount(WitnessMemory& witness, std::uint32_t node);

/// Returns the number in an order id of the load; a number beyond every order for other text.
[[nodiscard]] std::uint64_t order_number(std::string_view order_id);

/// The books of the gateway in witness memory, one page per order. Different threads may write
/// pages of different orders.
class WitnessBooks final : public orders::GatewayBooks {
 public:
  explicit WitnessBooks(std::span<OrderPage> pages) : pages_(pages) {}
  [[nodiscard]] orders::GatewayBook& book(std::string_view order_id) override;

 private:
  std::span<OrderPage> pages_;
};

}  // namespace millrace::simulate
