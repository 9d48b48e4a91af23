// Synthetic reports for tests, generated from a seed.
#pragma once

#include <cstdint>

#include "apps/report/run_report.hpp"

namespace millrace::report {

/// A passed run of `orders` orders, with two faults after each of which the throughput drops.
[[nodiscard]] RunReport synthetic_report(std::uint64_t seed, std::uint64_t orders);

/// The same run, failed: I4 is broken, two orders are lost, and the second fault is not recovered.
[[nodiscard]] RunReport synthetic_failure(std::uint64_t seed, std::uint64_t orders);

}  // namespace millrace::report
