// I5: invoice = sum of the lines + freight, never negative.
#include "apps/orders/audit/invariants/checks.hpp"

namespace millrace::orders::audit {
namespace {

class Invoices : public Check {
 public:
  Invoices() : Check("I5", "invoice = sum of lines + freight, never negative") {}

  void on_order(const OrderRecord& order) override {
    std::int64_t sum_minor = order.state.freight_minor();
    for (const OrderLine& line : order.state.lines()) {
      sum_minor += std::int64_t{line.quantity()} * line.unit_price_minor();
    }
    if (order.state.invoice_minor() != sum_minor || sum_minor < 0) {
      fail([&] {
        return name_of(order.order) + ": invoice " + std::to_string(order.state.invoice_minor()) +
               ", lines and freight " + std::to_string(sum_minor);
      });
    }
  }

  void finish(const Witness& /*witness*/) override {
    for (OrderNumber order = 0; order < index().size(); ++order) {
      const OrderFacts& facts = index()[order];
      if (!facts.is_placed || facts.status == REJECTED) continue;
      if (facts.invoice_minor == facts.terms.amount_minor) continue;
      fail([&] {
        return name_of(order) + ": invoice " + std::to_string(facts.invoice_minor) +
               ", the order as placed comes to " + std::to_string(facts.terms.amount_minor);
      });
    }
  }
};

}  // namespace

std::unique_ptr<Check> make_invoices_check() {
  return std::make_unique<Invoices>();
}

}  // namespace millrace::orders::audit
