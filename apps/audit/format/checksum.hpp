// CRC-32C and little-endian numbers, as all formats of a log have them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace millrace::audit {

/// CRC-32C (Castagnoli) of `bytes`.
[[nodiscard]] std::uint32_t crc32c(std::string_view bytes);

/// The number at `offset` of `bytes`. REQUIRES: it lies within `bytes`, and the machine is
/// little-endian.
template <class Number>
[[nodiscard]] Number number_at(std::string_view bytes, std::size_t offset) {
  Number number;
  std::memcpy(&number, bytes.data() + offset, sizeof number);
  return number;
}

}  // namespace millrace::audit
