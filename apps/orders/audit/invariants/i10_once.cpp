// I10: an order that is offered n times is accepted once and has one saga.
#include "apps/orders/audit/invariants/checks.hpp"

namespace millrace::orders::audit {
namespace {

class Once : public Check {
 public:
  Once() : Check("I10", "the same order offered n times is one order") {}

  void on_order(const OrderRecord& order) override {
    if (++seen_[order.order].sagas > 1) {
      fail_as_duplicate([&] { return name_of(order.order) + " has two sagas"; });
    }
  }

  void on_validated(const ValidatedRecord& validated) override {
    if (validated.order == no_order) return;
    auto& accepted = seen_[validated.order].accepted;
    for (std::size_t i = 0; i < validated.entries.size(); ++i) {
      if (++accepted > 1) {
        fail_as_duplicate([&] { return name_of(validated.order) + " was let in twice"; });
      }
    }
  }

  void finish(const Witness& /*witness*/) override {
    for (OrderNumber order = 0; order < index().size(); ++order) {
      if (seen_[order].accepted > 0) continue;
      fail([&] { return name_of(order) + " was never let in"; });
    }
  }

 protected:
  void resize(std::size_t orders) override { seen_.resize(orders); }

 private:
  struct Seen {
    std::uint32_t sagas = 0;
    std::uint32_t accepted = 0;
  };

  std::vector<Seen> seen_;
};

}  // namespace

std::unique_ptr<Check> make_once_check() {
  return std::make_unique<Once>();
}

}  // namespace millrace::orders::audit
