// OfferSequence: the sequence in which the orders of a load are offered, with duplicates.
#pragma once

#include <cstdint>
#include <string>

#include "apps/orders/load/load_plan.hpp"

namespace millrace::simulate {

/// One offer of one order.
struct OrderOffer {
  std::uint64_t number = 0;  ///< of the order
  bool is_first = true;      ///< of this order
};

/// A pure function of the plan. A duplicate offer follows its first offer directly. `plan` must
/// outlive this object.
class OfferSequence {
 public:
  explicit OfferSequence(const orders::LoadPlan& plan) : plan_(plan) {}

  [[nodiscard]] bool is_at_end() const { return next_ >= plan_.options().orders; }

  /// REQUIRES: !is_at_end().
  OrderOffer take() {
    if (again_) {
      again_ = false;
      return {next_++, false};
    }
    again_ = plan_.repeat(next_) != orders::Repeat::none;
    return again_ ? OrderOffer{next_, true} : OrderOffer{next_++, true};
  }

 private:
  const orders::LoadPlan& plan_;
  std::uint64_t next_ = 0;
  bool again_ = false;
};

}  // namespace millrace::simulate
