// A RunReport such as a run would leave, made from a seed.
#pragma once

#include <cstdint>

#include "apps/report/run_report.hpp"

namespace millrace::report {

/// A run of `orders` orders that passes, with two faults after which throughput dips.
[[nodiscard]] RunReport synthetic_report(std::uint64_t seed, std::uint64_t orders);

/// The same, but with an invariant broken, orders lost and a fault never recovered from.
[[nodiscard]] RunReport synthetic_failure(std::uint64_t seed, std::uint64_t orders);

}  // namespace millrace::report
