// Resource usage of this process since its start.
#pragma once

#include <cstdint>

namespace millrace::bench {

/// CPU time, user and system.
[[nodiscard]] double cpu_seconds();
[[nodiscard]] std::uint64_t rss_peak_bytes();
/// Resident now; 0: unknown.
[[nodiscard]] std::uint64_t rss_bytes();
/// Bytes written to block devices.
[[nodiscard]] std::uint64_t written_bytes();

}  // namespace millrace::bench
