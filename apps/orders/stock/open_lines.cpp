#include "apps/orders/stock/open_lines.hpp"

#include <algorithm>

#include "messages/hash.hpp"

namespace millrace::orders {

std::uint64_t line_hash(std::string_view order_id, std::uint32_t line) {
  // An odd factor keeps the lines of one order apart.
  return hash_key(order_id) + line * 0x9E3779B97F4A7C15u;
}

std::optional<int> find_open_line(const Stock& stock, std::uint64_t line) {
  const auto& lines = stock.open_line();
  const auto found = std::find(lines.begin(), lines.end(), line);
  if (found == lines.end()) return std::nullopt;
  return static_cast<int>(found - lines.begin());
}

void add_open_line(Stock& stock, std::uint64_t line, std::uint32_t quantity,
                   std::uint64_t reservation) {
  stock.add_open_line(line);
  stock.add_open_quantity(quantity);
  stock.add_open_reservation(reservation);
}

void remove_open_line(Stock& stock, int position) {
  const int last = stock.open_line_size() - 1;
  stock.mutable_open_line()->SwapElements(position, last);
  stock.mutable_open_quantity()->SwapElements(position, last);
  stock.mutable_open_reservation()->SwapElements(position, last);
  stock.mutable_open_line()->RemoveLast();
  stock.mutable_open_quantity()->RemoveLast();
  stock.mutable_open_reservation()->RemoveLast();
}

}  // namespace millrace::orders
