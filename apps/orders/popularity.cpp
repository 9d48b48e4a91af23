#include "apps/orders/popularity.hpp"

#include <charconv>
#include <cmath>

namespace millrace::orders {

std::string sku_name(std::uint32_t rank) {
  return "s" + std::to_string(rank);
}

std::optional<std::uint32_t> sku_rank(std::string_view name) {
  if (name.size() < 2 || name.front() != 's') return std::nullopt;
  std::uint32_t rank = 0;
  const char* const end = name.data() + name.size();
  const auto [stop, error] = std::from_chars(name.data() + 1, end, rank);
  if (error != std::errc() || stop != end) return std::nullopt;
  return rank;
}

double popularity(std::uint32_t rank) {
  return std::pow(rank + 1.0, -0.8);
}

double popularity_sum(std::uint32_t skus) {
  double sum = 0;
  for (std::uint32_t rank = 0; rank < skus; ++rank) sum += popularity(rank);
  return sum;
}

}  // namespace millrace::orders
