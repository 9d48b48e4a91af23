// I6: no shipment without capture; one shipment per SHIPPED order, with the order's lines.
#include "apps/orders/audit/invariants/checks.hpp"

namespace millrace::orders::audit {
namespace {

class Shipments : public Check {
 public:
  explicit Shipments(const RunFacts& run)
      : Check("I6", "no shipment without capture, one per shipped order, with its lines"),
        compares_times_(!run.was_clock_set) {}

  void on_account(const AccountRecord& account) override {
    for (std::size_t i = 0; i < account.entries.size(); ++i) {
      const auto& [effect, order] = account.entries[i];
      if (order == no_order) continue;
      if (effect.kind() == PaymentEffect::REFUNDED && !goods_[order].is_refunded) {
        goods_[order].refunded_at_us = account.view.history[i].at_us;
        goods_[order].is_refunded = true;
      }
      if (effect.kind() != PaymentEffect::CAPTURED) continue;
      goods_[order].captured_at_us = account.view.history[i].at_us;
      goods_[order].is_captured = true;
    }
  }

  void on_shipment(const ShipmentRecord& shipment) override {
    if (shipment.order == no_order) return;
    Goods& goods = goods_[shipment.order];
    for (std::size_t i = 0; i < shipment.entries.size(); ++i) {
      const ShipmentEffect& effect = shipment.entries[i].entry;
      if (effect.kind() == ShipmentEffect::CANCELLED) {
        ++goods.cancelled;
      } else if (++goods.created > 1) {
        fail_as_duplicate([&] { return name_of(shipment.order) + " has a second shipment"; });
      }
      if (effect.kind() != ShipmentEffect::CREATED) continue;
      goods.shipped = digest_of_lines(effect.lines());
      const TimeUs at_us = shipment.view.history[i].at_us;
      if (compares_times_ && goods.is_refunded && goods.refunded_at_us < at_us) {
        fail([&] { return name_of(shipment.order) + " was shipped after its refund"; });
      }
      if (!goods.is_captured || (compares_times_ && goods.captured_at_us > at_us)) {
        fail([&] { return name_of(shipment.order) + " was shipped before it was paid"; });
      }
    }
  }

  void finish(const Witness& /*witness*/) override {
    for (OrderNumber order = 0; order < index().size(); ++order) {
      if (index()[order].status != SHIPPED) continue;
      const Goods& goods = goods_[order];
      if (goods.created == 0 || goods.cancelled >= goods.created) {
        fail([&] { return name_of(order) + " is SHIPPED without a shipment"; });
      } else if (goods.shipped != index()[order].terms.goods) {
        fail([&] { return name_of(order) + ": other lines were shipped than ordered"; });
      }
    }
  }

 protected:
  void resize(std::size_t orders) override { goods_.resize(orders); }

 private:
  struct Goods {
    std::uint64_t shipped = 0;  ///< digest of lines
    TimeUs captured_at_us = 0;
    TimeUs refunded_at_us = 0;
    std::uint32_t created = 0;
    std::uint32_t cancelled = 0;
    bool is_captured = false;
    bool is_refunded = false;
  };

  const bool compares_times_;
  std::vector<Goods> goods_;
};

}  // namespace

std::unique_ptr<Check> make_shipments_check(RunFacts run) {
  return std::make_unique<Shipments>(run);
}

}  // namespace millrace::orders::audit
