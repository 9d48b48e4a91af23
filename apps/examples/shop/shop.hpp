// The pipeline of the shop: each order takes its articles from the stock, once.
#pragma once

#include <cstdint>
#include <optional>

#include "shop.pb.h"

#include "millrace/pipeline.hpp"

namespace shop {

/// Of each article.
constexpr std::uint32_t stock_at_first = 10;

/// Orders of one article are handled in order, one at a time.
inline const auto placed =
    millrace::queue<OrderPlaced>("orders.placed").key_by(&OrderPlaced::article);
inline const auto reserved = millrace::queue<OrderReserved>("orders.reserved");

/// Drops empty orders.
struct Validate {
  std::optional<OrderPlaced> operator()(const OrderPlaced& order) const {
    if (order.count() == 0) return std::nullopt;
    return order;
  }
};

/// Takes the articles of an order from the stock. State and output are one record: after a crash
/// both are there, or neither.
struct Reserve {
  millrace::Outcome<OrderReserved> operator()(const OrderPlaced& order,
                                              millrace::Keyed<Stock>& stock) const {
    const std::uint32_t left = stock_at_first - stock->sold();
    if (order.count() > left) return millrace::Reject{"out of stock"};
    stock.change().set_sold(stock->sold() + order.count());
    OrderReserved reserved;
    reserved.set_order_id(order.order_id());
    reserved.set_article(order.article());
    reserved.set_count(order.count());
    reserved.set_left(left - order.count());
    return reserved;
  }
};

inline auto orders() {
  return millrace::pipeline("orders")
      .from(placed)
      .then<Validate>("validate")
      .then<Reserve>("reserve", {.workers = 4})
      .to(reserved);
}

}  // namespace shop
