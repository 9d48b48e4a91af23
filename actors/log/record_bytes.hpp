// The bound of a record's body that all engines share.
#pragma once

#include <cstddef>

namespace millrace::logs {

/// Bytes of one record's body that every engine accepts by default. An option of the engine may
/// change it.
inline constexpr std::size_t record_bytes_max = 16U << 20;

}  // namespace millrace::logs
