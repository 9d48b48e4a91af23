#include "apps/audit/format/checksum.hpp"

#include <array>
#include <bit>

namespace millrace::audit {
namespace {

static_assert(std::endian::native == std::endian::little);

constexpr std::uint32_t polynomial = 0x82F63B78;  // Castagnoli, reflected
constexpr std::size_t slices = 8;

using Table = std::array<std::array<std::uint32_t, 256>, slices>;

// Table i has the remainders of a byte that is followed by i zero bytes: "slicing by 8".
constexpr Table make_table() {
  Table table{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t rest = byte;
    for (int bit = 0; bit < 8; ++bit) rest = (rest >> 1) ^ ((rest & 1) != 0 ? polynomial : 0);
    table[0][byte] = rest;
  }
  for (std::size_t slice = 1; slice < slices; ++slice) {
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const std::uint32_t before = table[slice - 1][byte];
      table[slice][byte] = (before >> 8) ^ table[0][before & 0xff];
    }
  }
  return table;
}

constexpr Table table = make_table();

}  // namespace

std::uint32_t crc32c(std::string_view bytes) {
  std::uint32_t rest = ~0U;
  while (bytes.size() >= slices) {
    const std::uint64_t word = number_at<std::uint64_t>(bytes, 0) ^ rest;
    rest = 0;
    for (std::size_t i = 0; i < slices; ++i) {
      rest ^= table[slices - 1 - i][(word >> (8 * i)) & 0xff];
    }
    bytes.remove_prefix(slices);
  }
  for (const char byte : bytes) {
    rest = (rest >> 8) ^ table[0][(rest ^ static_cast<unsigned char>(byte)) & 0xff];
  }
  return ~rest;
}

}  // namespace millrace::audit
