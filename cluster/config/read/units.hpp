// Durations and sizes as text with a unit: "20ms", "64MiB".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace millrace::config {

/// Microseconds of a whole number with one of us, ms, s, m, h, d; nothing where `text` is no such
/// thing or too large.
[[nodiscard]] std::optional<std::int64_t> parse_duration(std::string_view text);

/// Bytes of a whole number with one of B, KiB, MiB, GiB, TiB; nothing as above.
[[nodiscard]] std::optional<std::int64_t> parse_size(std::string_view text);

/// In the largest unit that leaves a whole number.
[[nodiscard]] std::string format_duration(std::int64_t us);
[[nodiscard]] std::string format_size(std::int64_t bytes);

}  // namespace millrace::config
