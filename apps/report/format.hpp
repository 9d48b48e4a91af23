// Formats numbers for the terminal and the HTML report.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "actors/base/time.hpp"

namespace millrace::report {

/// "1,234,567".
[[nodiscard]] std::string with_commas(std::uint64_t value);

/// Three significant digits without trailing zeros and without exponent: "3.1", "18.4", "412".
[[nodiscard]] std::string three_digits(double value);

/// A count with three significant digits: "950", "11.8k", "2.4M".
[[nodiscard]] std::string short_count(double value);

/// "850us", "3.1ms", "1.8s", "2m05s", "1h02m"; `space` separates number and unit.
[[nodiscard]] std::string short_duration(DurationUs duration_us, std::string_view space = "");

/// "512 B", "64 MiB", "1.5 GiB".
[[nodiscard]] std::string short_bytes(double bytes);

/// "SHIPPED" as "shipped", "OUT_OF_STOCK" as "out of stock".
[[nodiscard]] std::string state_text(std::string_view state);

}  // namespace millrace::report
