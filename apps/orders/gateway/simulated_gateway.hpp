// SimulatedGateway: slow, failing and forgetful at seeded rates, but honest in its books.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>

#include "apps/orders/chance.hpp"
#include "apps/orders/gateway/gateway.hpp"
#include "apps/orders/gateway/gateway_books.hpp"

namespace millrace::orders {

/// Rates, 0 to 1, of what can go wrong with one asking of one call.
struct GatewayFaults {
  double failed = 0;    ///< refuses for the moment, and does nothing
  double unknown = 0;   ///< does the work, and the answer is lost
  double twice = 0;     ///< answers twice
  double slow = 0;      ///< takes `slow_latency`
  double stuck = 0;     ///< of calls, not askings: fails however often it is asked
  double declined = 0;  ///< of authorisations, not askings

  /// A mix in which about `rate` of the askings go wrong.
  [[nodiscard]] static GatewayFaults at_rate(double rate) {
    return {rate, rate / 2, rate, rate, rate / 100, 0.002};
  }
};

/// A gateway whose doings are a pure function of the seed, the call id and how often it was asked.
/// Not for several threads at once.
class SimulatedGateway : public Gateway {
 public:
  struct Options {
    std::uint64_t seed = 0;
    GatewayFaults faults{};
    std::chrono::microseconds latency{1'000};  ///< up to twice that, evenly
    std::chrono::microseconds slow_latency{50'000};
  };
  using Sleep = std::function<void(std::chrono::microseconds)>;

  /// `books` must outlive the gateway. `sleep` is called once for each call().
  SimulatedGateway(const Options& options, GatewayBooks& books, Sleep sleep)
      : options_(options), books_(books), sleep_(std::move(sleep)) {}

  [[nodiscard]] std::vector<GatewayAnswer> call(std::span<const GatewayCall> calls) override;

 private:
  GatewayResult carry_out(const GatewayCall& call, GatewayBook& book, Chance& chance) const;

  Options options_;
  GatewayBooks& books_;
  Sleep sleep_;
};

}  // namespace millrace::orders
