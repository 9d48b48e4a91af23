// I3: each reservation ends as exactly one of confirmed or released.
#include <unordered_map>

#include "apps/orders/audit/invariants/checks.hpp"

namespace millrace::orders::audit {
namespace {

class Reservations : public Check {
 public:
  Reservations() : Check("I3", "each reservation ends once, confirmed or released") {}

  void on_stock(const StockRecord& stock) override {
    open_.clear();
    for (const auto& [effect, order] : stock.entries) {
      if (effect.kind() != StockEffect::OPENED && order != no_order) take(stock, effect, order);
    }
    for (const auto& [line, quantity] : open_) {
      const auto order = static_cast<OrderNumber>(line >> 32);
      if (index()[order].is_paused()) continue;
      fail([&, line = line] {
        return "SKU " + stock.view.key + ": line " + std::to_string(line & 0xFFFFFFFF) + " of " +
               name_of(order) + " stays reserved";
      });
    }
  }

 private:
  void take(const StockRecord& stock, const StockEffect& effect, OrderNumber order) {
    const auto what = [&](const char* problem) {
      return "SKU " + stock.view.key + " at version " + std::to_string(effect.version()) +
             ": line " + std::to_string(effect.line()) + " of " + name_of(order) + " " + problem;
    };
    const std::uint64_t line = (std::uint64_t{order} << 32) | effect.line();
    if (effect.kind() == StockEffect::RESERVED) {
      if (!open_.emplace(line, effect.quantity()).second) {
        fail_as_duplicate([&] { return what("is reserved twice"); });
      }
      return;
    }
    const auto found = open_.find(line);
    if (found == open_.end()) {
      fail_as_duplicate([&] { return what("is closed, though it is not reserved"); });
      return;
    }
    if (found->second != effect.quantity()) {
      fail([&] { return what("is closed with another quantity than was reserved"); });
    }
    open_.erase(found);
  }

  std::unordered_map<std::uint64_t, std::uint32_t> open_;  ///< (order, line) to quantity
};

}  // namespace

std::unique_ptr<Check> make_reservations_check() {
  return std::make_unique<Reservations>();
}

}  // namespace millrace::orders::audit
