// I4: at most one capture per order; captured − refunded = invoice if SHIPPED, else 0. Checked in
// the accounts and in the gateway's own books.
#include "apps/orders/audit/invariants/checks.hpp"

namespace millrace::orders::audit {
namespace {

class Captures : public Check {
 public:
  Captures()
      : Check("I4", "one capture at most; captured - refunded = invoice if shipped, else 0") {}

  void on_account(const AccountRecord& account) override {
    for (const auto& [effect, order] : account.entries) {
      if (order == no_order) continue;
      if (digest_of(account.view.key) != index()[order].terms.customer) {
        fail([&, number = order] {
          return name_of(number) + " was charged to customer " + account.view.key +
                 ", who did not place it";
        });
      }
      if (effect.kind() == PaymentEffect::CAPTURED) {
        ++money_[order].captures;
        money_[order].captured_minor += effect.amount_minor();
      } else if (effect.kind() == PaymentEffect::REFUNDED) {
        money_[order].refunded_minor += effect.amount_minor();
      }
    }
  }

  void finish(const Witness& witness) override {
    for (OrderNumber order = 0; order < index().size(); ++order) {
      compare(order, money_[order], "by its account");
      if (witness.gateway) compare(order, witness.gateway(index()[order].id), "by the gateway");
    }
  }

 protected:
  void resize(std::size_t orders) override { money_.resize(orders); }

 private:
  void compare(OrderNumber order, const GatewayFacts& money, const char* source) {
    const OrderFacts& facts = index()[order];
    if (money.captures > 1) {
      fail_as_duplicate([&] {
        return name_of(order) + " was captured " + std::to_string(money.captures) + " times " +
               source;
      });
      return;
    }
    if (!facts.is_final()) return;
    const std::int64_t due = facts.status == SHIPPED ? facts.invoice_minor : 0;
    const std::int64_t net = money.captured_minor - money.refunded_minor;
    if (net != due) {
      fail([&] {
        return name_of(order) + ", " + Status_Name(facts.status) + ": " + std::to_string(net) +
               " was taken " + source + ", due was " + std::to_string(due);
      });
    }
  }

  std::vector<GatewayFacts> money_;
};

}  // namespace

std::unique_ptr<Check> make_captures_check() {
  return std::make_unique<Captures>();
}

}  // namespace millrace::orders::audit
