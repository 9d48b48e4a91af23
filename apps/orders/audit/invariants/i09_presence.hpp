// I9: every accepted order is final or PAUSED at rest; none is missing, none unexpected.
#pragma once

#include <string_view>
#include <unordered_set>

#include "apps/orders/audit/evidence/check.hpp"

namespace millrace::orders::audit {

/// Compares attempted orders with stored orders, as the set checker of Jepsen does.
class Presence : public Check {
 public:
  /// Sizes of the sets; valid after finish(). PAUSED orders count as accounted.
  struct Sets {
    std::uint64_t attempted = 0;
    std::uint64_t ok = 0;
    std::uint64_t accounted = 0;
    std::uint64_t lost = 0;
    std::uint64_t unexpected = 0;
    std::uint64_t recovered = 0;
  };

  Presence()
      : Check("I9", "every accepted order is final or paused; none missing, none unexpected") {}

  void on_queue(const QueueView& queue) override;
  void on_order(const OrderRecord& order) override;
  void on_stock(const StockRecord& stock) override;
  void on_account(const AccountRecord& account) override;
  void on_shipment(const ShipmentRecord& shipment) override;
  void on_inbox(const InboxRecord& inbox) override;
  void on_validated(const ValidatedRecord& validated) override;
  void finish(const Witness& witness) override;

  [[nodiscard]] const Sets& sets() const { return sets_; }

 private:
  void fail_as_unknown(const std::string& order_id, const char* effect);
  void find(const Witness& witness, std::uint64_t number, std::vector<bool>& is_attempted);

  Sets sets_;
  std::unordered_set<std::string_view> queued_;  ///< ids of orders still queued in orders.placed
};

}  // namespace millrace::orders::audit
