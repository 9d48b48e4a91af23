// The walk: shows everything that the nodes hold to all checks, once.
#pragma once

#include <memory>
#include <span>

#include "apps/orders/audit/evidence/check.hpp"

namespace millrace::orders::audit {

struct WalkResult {
  OrderIndex index;
  InvariantReport readable;  ///< that every state and history entry could be parsed
};

/// Shows `view` to `checks` in the order that check.hpp promises.
[[nodiscard]] WalkResult walk(const DurableView& view, const Witness& witness,
                              std::span<const std::unique_ptr<Check>> checks);

}  // namespace millrace::orders::audit
