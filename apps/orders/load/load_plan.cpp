#include "apps/orders/load/load_plan.hpp"

#include <algorithm>
#include <array>

#include "actors/base/assert.hpp"
#include "apps/orders/popularity.hpp"

namespace millrace::orders {
namespace {

/// 93 % of the orders have 1 to 3 lines, none has more than 10; the mean is 2.35.
std::uint64_t pick_line_count(Chance& chance) {
  return chance.happens(0.9) ? 1 + chance.below(3) : 1 + chance.below(10);
}

/// Makes the order invalid: find_fault() reports it.
void spoil(OrderPlaced& order, Chance& chance) {
  OrderLine& line = *order.mutable_lines(0);
  switch (chance.below(7)) {
    case 0:
      return order.set_total_minor(order.total_minor() + 1);
    case 1:
      return line.set_quantity(0);
    case 2:
      return line.set_quantity(1'000'000);
    case 3:
      return line.set_unit_price_minor(-line.unit_price_minor());
    case 4:
      return order.set_currency("euro");
    case 5:
      return order.clear_lines();
    default:
      while (order.lines_size() <= 10) {
        const OrderLine first = order.lines(0);
        *order.add_lines() = first;
      }
  }
}

}  // namespace

LoadPlan::LoadPlan(const Options& options) : options_(options) {
  MILLRACE_ASSERT(options.customers > 0 && options.skus > 0);
  popularity_up_to_.reserve(options.skus);
  double sum = 0;
  for (std::uint32_t rank = 0; rank < options.skus; ++rank) {
    sum += popularity(rank);
    popularity_up_to_.push_back(sum);
  }
}

std::string LoadPlan::order_id(std::uint64_t index) {
  return "o" + std::to_string(index);
}

std::uint32_t LoadPlan::pick_sku(Chance& chance) const {
  const double at = chance.fraction() * popularity_up_to_.back();
  const auto found = std::ranges::upper_bound(popularity_up_to_, at);
  const auto rank = std::min(found, popularity_up_to_.end() - 1) - popularity_up_to_.begin();
  return static_cast<std::uint32_t>(rank);
}

void LoadPlan::add_line(OrderPlaced& order, Chance& chance) const {
  const std::uint32_t rank = pick_sku(chance);
  OrderLine& line = *order.add_lines();
  line.set_sku(sku_name(rank));
  line.set_quantity(static_cast<std::uint32_t>(1 + chance.below(3)));
  line.set_unit_price_minor(static_cast<std::int64_t>(100 + 10 * (rank % 991)));
}

OrderPlaced LoadPlan::sound_order(std::uint64_t index, Chance& chance) const {
  static constexpr std::array<const char*, 3> currencies{"EUR", "USD", "GBP"};
  const std::uint64_t customer = chance.below(options_.customers);

  OrderPlaced order;
  order.set_order_id(order_id(index));
  order.set_customer_id("c" + std::to_string(customer));
  order.set_currency(currencies[customer % currencies.size()]);
  order.set_freight_minor(static_cast<std::int64_t>(100 * chance.below(10)));
  const std::uint64_t lines = pick_line_count(chance);
  std::int64_t total_minor = order.freight_minor();
  for (std::uint64_t i = 0; i < lines; ++i) {
    add_line(order, chance);
    const OrderLine& line = order.lines(static_cast<int>(i));
    total_minor += line.quantity() * line.unit_price_minor();
  }
  order.set_total_minor(total_minor);
  return order;
}

OrderPlaced LoadPlan::order(std::uint64_t index) const {
  Chance chance(options_.seed, "order", index);
  OrderPlaced order = sound_order(index, chance);
  if (chance.happens(options_.invalid_rate)) spoil(order, chance);
  return order;
}

bool LoadPlan::is_valid(std::uint64_t index) const {
  Chance chance(options_.seed, "order", index);
  (void)sound_order(index, chance);
  return !chance.happens(options_.invalid_rate);
}

Repeat LoadPlan::repeat(std::uint64_t index) const {
  Chance chance(options_.seed, "repeat", index);
  if (!chance.happens(options_.repeat_rate)) return Repeat::none;
  return chance.below(2) == 0 ? Repeat::same_order_id : Repeat::same_idempotency_key;
}

std::string LoadPlan::idempotency_key(std::uint64_t index) const {
  if (repeat(index) != Repeat::same_idempotency_key) return {};
  return "once-" + std::to_string(index);
}

}  // namespace millrace::orders
