// I7: no final status leaves a partial effect. I4 checks the money.
#include "apps/orders/audit/invariants/checks.hpp"

namespace millrace::orders::audit {
namespace {

class AllOrNothing : public Check {
 public:
  AllOrNothing() : Check("I7", "all or nothing: no final status leaves a partial effect") {}

  void on_stock(const StockRecord& stock) override {
    for (const auto& [effect, order] : stock.entries) {
      if (effect.kind() != StockEffect::CONFIRMED || order == no_order) continue;
      Left& left = left_[order];
      const std::uint32_t line = 1u << (effect.line() & 31);
      if ((left.confirmed & line) != 0) {
        fail_as_duplicate([&, number = order, line_number = effect.line()] {
          return name_of(number) + ": line " + std::to_string(line_number) +
                 " left the stock twice, the second time as SKU " + stock.view.key;
        });
      }
      left.confirmed |= line;
      left.goods += digest_of_line(effect.line(), stock.view.key, effect.quantity());
    }
  }

  void on_account(const AccountRecord& account) override {
    std::int64_t held_minor = 0;
    for (const Charge& charge : account.state.charges()) {
      const OrderNumber order = index().find(charge.order_id());
      if (charge.state() == Charge::AUTHORISED || charge.state() == Charge::CAPTURED) {
        held_minor += charge.amount_minor();
      }
      if (order != no_order && index()[order].is_final()) {
        fail([&] {
          return name_of(order) + ", " + Status_Name(index()[order].status) +
                 ": its charge is still open at customer " + account.view.key;
        });
      }
    }
    if (held_minor != account.state.held_minor()) {
      fail([&] {
        return "customer " + account.view.key + ": " + std::to_string(account.state.held_minor()) +
               " held, open charges are " + std::to_string(held_minor);
      });
    }
  }

  void on_shipment(const ShipmentRecord& shipment) override {
    if (shipment.order == no_order) return;
    for (const auto& [effect, order] : shipment.entries) {
      left_[shipment.order].shipments += effect.kind() == ShipmentEffect::CREATED ? 1 : -1;
    }
  }

  void finish(const Witness& /*witness*/) override {
    for (OrderNumber order = 0; order < index().size(); ++order) {
      const OrderFacts& facts = index()[order];
      if (!facts.is_final()) continue;
      const std::uint32_t due = facts.status == SHIPPED ? (1u << (facts.lines & 31)) - 1 : 0;
      if (left_[order].confirmed != due) {
        fail([&] {
          return name_of(order) + ", " + Status_Name(facts.status) + " with " +
                 std::to_string(facts.lines) + " lines: not the right ones were confirmed (mask " +
                 std::to_string(left_[order].confirmed) + ")";
        });
      }
      if (facts.status == SHIPPED && left_[order].goods != facts.terms.goods) {
        fail([&] { return name_of(order) + ": other goods left the stock than were ordered"; });
      }
      if (facts.status != SHIPPED && left_[order].shipments > 0) {
        fail([&] { return name_of(order) + ", " + Status_Name(facts.status) + ", was shipped"; });
      }
    }
  }

 protected:
  void resize(std::size_t orders) override { left_.resize(orders); }

 private:
  struct Left {
    std::uint32_t confirmed = 0;  ///< bit i: line i
    std::int32_t shipments = 0;   ///< created minus cancelled
    std::uint64_t goods = 0;      ///< digest of the confirmed lines
  };

  std::vector<Left> left_;
};

}  // namespace

std::unique_ptr<Check> make_all_or_nothing_check() {
  return std::make_unique<AllOrNothing>();
}

}  // namespace millrace::orders::audit
