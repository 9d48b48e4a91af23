// crc32c: the checksum of the log's formats, and of Kafka's record batches.
#pragma once

#include <cstdint>
#include <string_view>

namespace millrace {

/// CRC-32C (Castagnoli) of `bytes`, behind bytes with the checksum `before`. REQUIRES: at most
/// 2 GiB.
[[nodiscard]] std::uint32_t crc32c(std::string_view bytes, std::uint32_t before = 0);

}  // namespace millrace
