// Gateway: the interface of the payments stage to an external payment gateway.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace millrace::orders {

enum class GatewayOperation : std::uint8_t {
  authorise,
  capture,
  refund,  ///< returns the captured amount of the order and voids its authorisation
};

/// One request to the gateway. Idempotent by `call_id`: a repeated call has no further effect.
struct GatewayCall {
  std::string call_id;
  std::string order_id;
  GatewayOperation operation = GatewayOperation::authorise;
  std::int64_t amount_minor = 0;
  std::string currency;
};

enum class GatewayResult : std::uint8_t {
  done,
  declined,  ///< final, as `done` is
  failed,    ///< not done; may be retried
  unknown,   ///< no answer in time: may be done or not; may be retried
};

struct GatewayAnswer {
  std::string call_id;
  GatewayResult result = GatewayResult::unknown;
};

/// Each implementation documents whether it is thread-safe.
class Gateway {
 public:
  virtual ~Gateway() = default;

  /// Executes `calls` in parallel. Blocks. Answers come in any order. A call without answer counts
  /// as `unknown`; several answers for one call are equal.
  [[nodiscard]] virtual std::vector<GatewayAnswer> call(std::span<const GatewayCall> calls) = 0;
};

}  // namespace millrace::orders
