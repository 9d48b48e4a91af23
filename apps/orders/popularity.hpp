// Popularity of SKUs by Zipf's law, and the names of SKUs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace millrace::orders {

/// Average number of pieces in a valid order of the load.
inline constexpr double pieces_per_order = 4.5;

/// Name of the SKU of the given rank, 0 being the most popular: "s0".
[[nodiscard]] std::string sku_name(std::uint32_t rank);

/// Rank of the SKU with that name; nullopt for other text.
[[nodiscard]] std::optional<std::uint32_t> sku_rank(std::string_view name);

/// Weight of the SKU of that rank, 1 for rank 0: (rank + 1)^-0.8. The exponent gives the top of
/// 1,000 SKUs 6 % of the demand.
[[nodiscard]] double popularity(std::uint32_t rank);

/// Sum of the weights of the first `skus` ranks.
[[nodiscard]] double popularity_sum(std::uint32_t skus);

}  // namespace millrace::orders
