// StockPlan: the initial stock of each SKU.
#pragma once

#include <cstdint>
#include <string_view>

namespace millrace::orders {

/// A pure function of (seed, SKU) and the size of the load: most SKUs have more pieces than the
/// expected demand; scarce SKUs have fewer and run out. Unknown names have 0.
class StockPlan {
 public:
  struct Options {
    std::uint64_t seed = 0;
    std::uint32_t skus = 1'000;         ///< "s0", the most popular, to "s<skus - 1>"
    std::uint64_t orders = 1'000;       ///< number of orders of the load
    std::uint32_t scarce_in = 40;       ///< one in this many SKUs is scarce; 0: none
    std::uint32_t scarce_percent = 60;  ///< stock of a scarce SKU in percent of its expected demand
  };

  explicit StockPlan(const Options& options);

  /// Initial pieces of `sku`, >= 0. Thread-safe.
  [[nodiscard]] std::int64_t initial(std::string_view sku) const;

 private:
  Options options_;
  double pieces_at_rank_one_;
};

}  // namespace millrace::orders
