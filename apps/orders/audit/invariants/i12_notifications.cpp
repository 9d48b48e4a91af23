// I12: exactly one notification per (order, status).
#include "apps/orders/audit/invariants/checks.hpp"

namespace millrace::orders::audit {
namespace {

class Notifications : public Check {
 public:
  Notifications() : Check("I12", "exactly one notification per order and status") {}

  void on_order(const OrderRecord& order) override {
    for (const auto& [entry, number] : order.entries) {
      bits_[order.order].entered |= 1u << (entry.status() & 31);
    }
  }

  void on_inbox(const InboxRecord& inbox) override {
    for (const auto& [effect, order] : inbox.entries) {
      if (order == no_order) continue;
      if (digest_of(inbox.view.key) != index()[order].terms.customer) {
        fail([&, number = order] {
          return "customer " + inbox.view.key + " was told of " + name_of(number) +
                 ", which is another's";
        });
      }
      const std::uint32_t bit = 1u << (effect.status() & 31);
      if ((bits_[order].notified & bit) != 0) {
        fail_as_duplicate([&, status = effect.status(), number = order] {
          return "customer " + inbox.view.key + " was told twice that " + name_of(number) + " is " +
                 Status_Name(status);
        });
      }
      bits_[order].notified |= bit;
    }
  }

  void finish(const Witness& /*witness*/) override {
    for (OrderNumber order = 0; order < index().size(); ++order) {
      const std::uint32_t differ = bits_[order].entered ^ bits_[order].notified;
      if (differ == 0) continue;
      int status = 0;
      while ((differ & (1u << status)) == 0) ++status;
      const bool is_missing = (bits_[order].entered & (1u << status)) != 0;
      fail([&] {
        return name_of(order) + ": the notification of " +
               Status_Name(static_cast<Status>(status)) +
               (is_missing ? " is missing" : " tells of what never was");
      });
    }
  }

 protected:
  void resize(std::size_t orders) override { bits_.resize(orders); }

 private:
  struct StatusBits {
    std::uint32_t entered = 0;   ///< bit s: status s is in the history
    std::uint32_t notified = 0;  ///< bit s: status s is in the inbox
  };

  std::vector<StatusBits> bits_;
};

}  // namespace

std::unique_ptr<Check> make_notifications_check() {
  return std::make_unique<Notifications>();
}

}  // namespace millrace::orders::audit
