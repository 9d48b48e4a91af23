// Runs a load: `millrace bench publish` and `millrace bench consume`.
#pragma once

#include "apps/bench/load/load_options.hpp"
#include "messages/result.hpp"

namespace millrace::bench {

/// Both block until the load is over, or `progress` has returned false and requests in progress have ended. Fail with
/// what made the load impossible: `invalid_argument`, `not_found`, `unreachable`, `unauthenticated`, and what a node
/// refuses for good. A message that was refused is no failure: see LoadFigures::refused.

[[nodiscard]] Result<LoadFigures> run_publish(const PublishOptions& options,
                                              const LoadProgress& progress);

[[nodiscard]] Result<LoadFigures> run_consume(const ConsumeOptions& options,
                                              const LoadProgress& progress);

}  // namespace millrace::bench
