// The gateway's own books: what it has really done, whatever it answered.
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

/// The page of one order. All zero is an empty page; plain bytes, so that it can lie in memory
/// shared between processes.
struct GatewayBook {
  struct Operation {
    std::uint64_t call = 0;   ///< hash of the call id; 0: never asked
    std::uint32_t tries = 0;  ///< how often it was asked
    bool is_executed = false;
    bool is_declined = false;
  };

  std::array<Operation, 3> operations{};  ///< by GatewayOperation
  std::int64_t captured_minor = 0;
  std::int64_t refunded_minor = 0;
  std::uint32_t captures = 0;  ///< with different call ids
};

/// One page for each order. Written by one gateway at a time.
class GatewayBooks {
 public:
  virtual ~GatewayBooks() = default;

  /// The page of `order_id`, empty at first. Stays where it is for the life of the books.
  [[nodiscard]] virtual GatewayBook& book(std::string_view order_id) = 0;
};

/// Books in this process's memory.
class MemoryGatewayBooks : public GatewayBooks {
 public:
  GatewayBook& book(std::string_view order_id) override { return books_[std::string(order_id)]; }

 private:
  std::unordered_map<std::string, GatewayBook> books_;
};

/// Books for a gateway that goes on for ever. A page that was asked for longest ago is forgotten
/// when there are more than `pages`; until then it stays where it is. A desk that still writes a
/// page must not see it go: `pages` is far more than are asked for during one call. An order whose
/// page is gone begins with an empty one. Thread-safe, but for what is on the pages.
class RecentGatewayBooks final : public GatewayBooks {
 public:
  /// `pages` is at least 1; each takes about 250 bytes.
  explicit RecentGatewayBooks(std::size_t pages) : pages_(pages) {}

  GatewayBook& book(std::string_view order_id) override;

 private:
  using Pages = std::list<std::pair<std::string, GatewayBook>>;

  const std::size_t pages_;
  std::mutex mutex_;
  Pages by_use_;  ///< the latest first
  std::unordered_map<std::string_view, Pages::iterator> by_order_;
};

}  // namespace millrace::orders
