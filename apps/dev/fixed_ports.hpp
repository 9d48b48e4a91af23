// Ports of loopback that programs expect at a fixed place.
#pragma once

#include <cstdint>

namespace millrace::dev {

/// Whether `count` consecutive ports from `first` on are free now. Another process may take one before it is used.
[[nodiscard]] bool are_free(std::uint16_t first, std::uint32_t count);

}  // namespace millrace::dev
