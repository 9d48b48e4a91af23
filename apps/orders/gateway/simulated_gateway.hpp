// SimulatedGateway: a gateway with delays, failures and lost answers at seeded rates. Its books
// record what it really did.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>

#include "apps/orders/chance.hpp"
#include "apps/orders/gateway/gateway.hpp"
#include "apps/orders/gateway/gateway_books.hpp"

namespace millrace::orders {

/// Fault rates, 0 to 1, each per attempt of a call unless noted.
struct GatewayFaults {
  double failed = 0;    ///< does nothing and answers `failed`
  double unknown = 0;   ///< executes the call, but gives no answer
  double twice = 0;     ///< answers twice
  double slow = 0;      ///< takes `slow_latency`
  double stuck = 0;     ///< per call, not attempt: every attempt fails
  double declined = 0;  ///< per authorisation, not attempt

  /// A mix of faults in which about `rate` of the attempts fail.
  [[nodiscard]] static GatewayFaults at_rate(double rate) {
    return {rate, rate / 2, rate, rate, rate / 100, 0.002};
  }
};

/// The result of a call is a pure function of the seed, the call id and the number of the attempt.
/// Not thread-safe.
class SimulatedGateway : public Gateway {
 public:
  struct Options {
    std::uint64_t seed = 0;
    GatewayFaults faults{};
    std::chrono::microseconds latency{1'000};  ///< up to twice that, evenly
    std::chrono::microseconds slow_latency{50'000};
  };
  using Sleep = std::function<void(std::chrono::microseconds)>;

  /// `books` must outlive this object. call() calls `sleep` once, with the simulated latency.
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
