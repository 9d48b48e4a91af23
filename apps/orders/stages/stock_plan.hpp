// StockPlan: how many pieces of each SKU there are before the first order.
#pragma once

#include <cstdint>
#include <string_view>

namespace millrace::orders {

/// Pure function of (seed, SKU) and the size of the load: most SKUs get more than the load is
/// expected to ask for, some get less and run out. Names that the load does not know have none.
class StockPlan {
 public:
  struct Options {
    std::uint64_t seed = 0;
    std::uint32_t skus = 1'000;         ///< "s0", the most popular, to "s<skus - 1>"
    std::uint64_t orders = 1'000;       ///< that the load will place
    std::uint32_t scarce_in = 40;       ///< one SKU in so many runs out; 0: none does
    std::uint32_t scarce_percent = 60;  ///< of the expected demand that a scarce SKU covers
  };

  explicit StockPlan(const Options& options);

  /// Pieces of `sku` at the start, at least 0. Any thread.
  [[nodiscard]] std::int64_t initial(std::string_view sku) const;

 private:
  Options options_;
  double pieces_at_rank_one_;
};

}  // namespace millrace::orders
