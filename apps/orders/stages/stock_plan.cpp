#include "apps/orders/stages/stock_plan.hpp"

#include <charconv>
#include <cmath>

#include "apps/orders/chance.hpp"
#include "apps/orders/popularity.hpp"

namespace millrace::orders {

StockPlan::StockPlan(const Options& options)
    : options_(options),
      pieces_at_rank_one_(static_cast<double>(options.orders) * pieces_per_order /
                          popularity_sum(options.skus)) {}

std::int64_t StockPlan::initial(std::string_view sku) const {
  const auto rank = sku_rank(sku);
  if (!rank || *rank >= options_.skus) return 0;
  const double demand = pieces_at_rank_one_ * popularity(*rank);
  Chance chance(options_.seed, "scarce", sku);
  if (options_.scarce_in != 0 && chance.below(options_.scarce_in) == 0) {
    return static_cast<std::int64_t>(demand * options_.scarce_percent / 100.0);
  }
  // Enough for any seed: 1.5 times the expected demand plus six standard deviations.
  return static_cast<std::int64_t>(demand * 1.5 + 6.0 * std::sqrt(demand * 4.0) + 50.0);
}

}  // namespace millrace::orders
