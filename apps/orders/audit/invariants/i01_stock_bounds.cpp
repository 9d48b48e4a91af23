// I1: 0 ≤ reserved ≤ on hand, at every recorded step.
#include "apps/orders/audit/invariants/checks.hpp"

namespace millrace::orders::audit {
namespace {

class StockBounds : public Check {
 public:
  StockBounds() : Check("I1", "0 <= reserved <= on hand at every step") {}

  void on_stock(const StockRecord& stock) override {
    for (const auto& recorded : stock.entries) {
      const StockEffect& effect = recorded.entry;
      if (effect.reserved() < 0 || effect.reserved() > effect.on_hand()) {
        fail([&] {
          return "SKU " + stock.view.key + " at version " + std::to_string(effect.version()) +
                 ": reserved " + std::to_string(effect.reserved()) + " of " +
                 std::to_string(effect.on_hand()) + " on hand";
        });
      }
    }
  }
};

}  // namespace

std::unique_ptr<Check> make_stock_bounds_check() {
  return std::make_unique<StockBounds>();
}

}  // namespace millrace::orders::audit
