// What this process has used so far.
#pragma once

#include <cstdint>

namespace millrace::bench {

/// Processor time, of user and system.
[[nodiscard]] double cpu_seconds();
[[nodiscard]] std::uint64_t rss_peak_bytes();
/// Handed to block devices.
[[nodiscard]] std::uint64_t written_bytes();

}  // namespace millrace::bench
