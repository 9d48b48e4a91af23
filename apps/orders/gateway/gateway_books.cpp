#include "apps/orders/gateway/gateway_books.hpp"

namespace millrace::orders {

GatewayBook& RecentGatewayBooks::book(std::string_view order_id) {
  const std::lock_guard lock(mutex_);
  if (const auto found = by_order_.find(order_id); found != by_order_.end()) {
    by_use_.splice(by_use_.begin(), by_use_, found->second);
    return found->second->second;
  }
  if (by_order_.size() >= pages_) {
    by_order_.erase(by_use_.back().first);
    by_use_.pop_back();
  }
  by_use_.emplace_front(std::string(order_id), GatewayBook{});
  by_order_.emplace(by_use_.front().first, by_use_.begin());
  return by_use_.front().second;
}

}  // namespace millrace::orders
