// The payment gateway, as the payments stage sees it: somebody else's system.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace millrace::orders {

enum class GatewayOperation : std::uint8_t {
  authorise,
  capture,
  refund,  ///< gives back whatever the order's capture took, and drops its authorisation
};

/// One thing that the gateway is asked to do. The same `call_id` names the same thing: asking again
/// does it no second time.
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
  failed,    ///< not done; may be asked again
  unknown,   ///< no answer in time: done or not; may be asked again
};

struct GatewayAnswer {
  std::string call_id;
  GatewayResult result = GatewayResult::unknown;
};

/// Calls block. Implementations say whether they may be called by several threads.
class Gateway {
 public:
  virtual ~Gateway() = default;

  /// Carries out `calls`, side by side. Answers come in any order; there may be none for a call,
  /// which means `unknown`, and several for one, which then agree.
  [[nodiscard]] virtual std::vector<GatewayAnswer> call(std::span<const GatewayCall> calls) = 0;
};

}  // namespace millrace::orders
