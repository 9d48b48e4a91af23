// The open lines of a SKU: three parallel lists inside its Stock message.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "apps/orders/orders.pb.h"

namespace millrace::orders {

/// Names one line of one order within a SKU: XXH3 of both. Two open lines of one SKU with one hash
/// would be taken for each other; with a thousand open lines that is once in 10^13 SKUs.
[[nodiscard]] std::uint64_t line_hash(std::string_view order_id, std::uint32_t line);

/// Position of the line in the lists, or nullopt where it is not open.
[[nodiscard]] std::optional<int> find_open_line(const Stock& stock, std::uint64_t line);

/// Adds a line. `quantity` 0 says that it was refused.
void add_open_line(Stock& stock, std::uint64_t line, std::uint32_t quantity,
                   std::uint64_t reservation);

/// Removes the line at `position`; the last one takes its place.
void remove_open_line(Stock& stock, int position);

}  // namespace millrace::orders
