// RecentGatewayBooks: the pages of the orders that were asked for last.
#pragma once

#include <cstddef>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "apps/orders/gateway/gateway_books.hpp"

namespace millrace::orders {

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
