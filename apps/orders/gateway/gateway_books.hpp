// GatewayBooks: the records of the simulated gateway: the operations that it executed, independent
// of the answers that it gave.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace millrace::orders {

/// The page of one order. Zero-initialised memory is an empty page; trivially copyable, so that it
/// can be in memory shared between processes.
struct GatewayBook {
  struct Operation {
    std::uint64_t call = 0;   ///< hash of the call id; 0: never called
    std::uint32_t tries = 0;  ///< number of calls
    bool is_executed = false;
    bool is_declined = false;
  };

  std::array<Operation, 3> operations{};  ///< by GatewayOperation
  std::int64_t captured_minor = 0;
  std::int64_t refunded_minor = 0;
  std::uint32_t captures = 0;  ///< with different call ids
};

/// One page per order. A page is written by one gateway at a time.
class GatewayBooks {
 public:
  virtual ~GatewayBooks() = default;

  /// Returns the page of `order_id`, initially empty. The reference is valid for the lifetime of
  /// this object, unless the class documents otherwise.
  [[nodiscard]] virtual GatewayBook& book(std::string_view order_id) = 0;
};

/// Books in the memory of this process. Not thread-safe.
class MemoryGatewayBooks : public GatewayBooks {
 public:
  GatewayBook& book(std::string_view order_id) override { return books_[std::string(order_id)]; }

 private:
  std::unordered_map<std::string, GatewayBook> books_;
};

/// Bounded books for a gateway that runs without end: keeps the `pages` most recently used pages. A
/// reference is valid until its page is evicted, so `pages` must far exceed the number of orders in
/// one call. An order whose page was evicted starts with an empty page. book() is thread-safe;
/// access to the pages is not.
class RecentGatewayBooks final : public GatewayBooks {
 public:
  /// `pages` is at least 1; each takes about 250 bytes.
  explicit RecentGatewayBooks(std::size_t pages) : pages_(pages) {}

  GatewayBook& book(std::string_view order_id) override;

 private:
  using Pages = std::list<std::pair<std::string, GatewayBook>>;

  const std::size_t pages_;
  std::mutex mutex_;
  Pages by_use_;  ///< most recently used first
  std::unordered_map<std::string_view, Pages::iterator> by_order_;
};

}  // namespace millrace::orders
