// I2: per SKU, initial = on hand + confirmed; reserved = quantity of the open reservations.
#include <utility>

#include "apps/orders/audit/invariants/checks.hpp"

namespace millrace::orders::audit {
namespace {

class Conservation : public Check {
 public:
  explicit Conservation(RunFacts run)
      : Check("I2", "initial stock = on hand + confirmed; nothing stays reserved"),
        run_(std::move(run)) {}

  void on_stock(const StockRecord& stock) override {
    const std::string& sku = stock.view.key;
    if (run_.skus != 0 && ++skus_ > run_.skus) {
      fail([&] { return "SKU " + sku + " is one more than the run has"; });
    }
    if (stock.entries.empty() || stock.entries[0].entry.kind() != StockEffect::OPENED) {
      fail([&] { return "SKU " + sku + ": its initial stock is not on record"; });
      return;
    }
    const std::int64_t initial = stock.entries[0].entry.on_hand();
    if (run_.initial_stock && initial != run_.initial_stock(sku)) {
      fail([&] {
        return "SKU " + sku + " began with " + std::to_string(initial) + " on hand instead of " +
               std::to_string(run_.initial_stock(sku));
      });
    }
    std::int64_t confirmed = 0;
    std::int64_t reserved = 0;
    std::int64_t reserved_by_paused = 0;
    for (const auto& recorded : stock.entries) {
      const StockEffect& effect = recorded.entry;
      const std::int64_t reserved_before = reserved;
      take(effect, confirmed, reserved);
      if (recorded.order != no_order && index()[recorded.order].is_paused()) {
        reserved_by_paused += reserved - reserved_before;
      }
      if (effect.on_hand() != initial - confirmed || effect.reserved() != reserved) {
        fail([&] {
          return "SKU " + sku + " at version " + std::to_string(effect.version()) + ": " +
                 std::to_string(effect.on_hand()) + " on hand, " +
                 std::to_string(effect.reserved()) + " reserved; by its history " +
                 std::to_string(initial - confirmed) + " and " + std::to_string(reserved);
        });
        return;
      }
    }
    if (stock.state.on_hand() != initial - confirmed || stock.state.reserved() != reserved) {
      fail([&] {
        return "SKU " + sku + " ends with " + std::to_string(stock.state.on_hand()) +
               " on hand and " + std::to_string(stock.state.reserved()) +
               " reserved; by its history " + std::to_string(initial - confirmed) + " and " +
               std::to_string(reserved);
      });
    }
    look_at_rest(stock, reserved_by_paused);
  }

 private:
  /// A reservation may stay open only for a PAUSED order, which an operator can resume.
  void look_at_rest(const StockRecord& stock, std::int64_t reserved_by_paused) {
    std::int64_t open = 0;
    for (const std::uint32_t quantity : stock.state.open_quantity()) open += quantity;
    if (stock.state.reserved() != reserved_by_paused || open != reserved_by_paused) {
      fail([&] {
        return "SKU " + stock.view.key + ": " + std::to_string(stock.state.reserved()) +
               " stay reserved, in lines of " + std::to_string(open) + "; paused orders hold " +
               std::to_string(reserved_by_paused);
      });
    }
  }

  static void take(const StockEffect& effect, std::int64_t& confirmed, std::int64_t& reserved) {
    const std::int64_t quantity = effect.quantity();
    if (effect.kind() == StockEffect::RESERVED) reserved += quantity;
    if (effect.kind() == StockEffect::RELEASED) reserved -= quantity;
    if (effect.kind() == StockEffect::CONFIRMED) {
      reserved -= quantity;
      confirmed += quantity;
    }
  }

  RunFacts run_;
  std::uint64_t skus_ = 0;
};

}  // namespace

std::unique_ptr<Check> make_conservation_check(RunFacts run) {
  return std::make_unique<Conservation>(std::move(run));
}

}  // namespace millrace::orders::audit
