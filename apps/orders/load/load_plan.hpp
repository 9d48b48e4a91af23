// LoadPlan: the orders that a run places, each a pure function of the seed and its number.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "apps/orders/chance.hpp"
#include "apps/orders/orders.pb.h"

namespace millrace::orders {

/// Duplicate offer of an order.
enum class Repeat : std::uint8_t {
  none,
  same_order_id,         ///< offered again without Idempotency-Key
  same_idempotency_key,  ///< offered both times under the same Idempotency-Key
};

class LoadPlan {
 public:
  struct Options {
    std::uint64_t seed = 0;
    std::uint64_t orders = 1'000;
    std::uint32_t customers = 1'000;  ///< at least 1
    std::uint32_t skus = 1'000;       ///< at least 1
    double invalid_rate = 0.01;       ///< 0 to 1
    double repeat_rate = 0.02;        ///< 0 to 1
  };

  /// O(options.skus). All other members are const and thread-safe.
  explicit LoadPlan(const Options& options);

  [[nodiscard]] const Options& options() const { return options_; }

  /// Id of order `index`: "o" and the number.
  [[nodiscard]] static std::string order_id(std::uint64_t index);

  /// Returns order `index`. A share `invalid_rate` of the orders is invalid: find_fault() is not
  /// empty.
  [[nodiscard]] OrderPlaced order(std::uint64_t index) const;

  /// Returns whether order `index` is valid.
  [[nodiscard]] bool is_valid(std::uint64_t index) const;

  [[nodiscard]] Repeat repeat(std::uint64_t index) const;

  /// The Idempotency-Key to offer order `index` under; empty: none.
  [[nodiscard]] std::string idempotency_key(std::uint64_t index) const;

 private:
  OrderPlaced sound_order(std::uint64_t index, Chance& chance) const;
  void add_line(OrderPlaced& order, Chance& chance) const;
  [[nodiscard]] std::uint32_t pick_sku(Chance& chance) const;

  Options options_;
  std::vector<double> popularity_up_to_;  ///< cumulative, by rank
};

}  // namespace millrace::orders
