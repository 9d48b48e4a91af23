#include "cluster/kafka/wire/writer.hpp"

#include <limits>
#include <utility>

#include "actors/base/assert.hpp"

namespace millrace::kafka {

void Writer::unsigned_bits(std::uint64_t value) {
  char bytes[10];
  std::size_t count = 0;
  for (; value >= 0x80; value >>= 7) bytes[count++] = static_cast<char>(value | 0x80u);
  bytes[count++] = static_cast<char>(value);
  out_.append(bytes, count);
}

void Writer::varint(std::int32_t value) {
  unsigned_bits((static_cast<std::uint32_t>(value) << 1) ^ static_cast<std::uint32_t>(value >> 31));
}

void Writer::varlong(std::int64_t value) {
  unsigned_bits((static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63));
}

void Writer::length(std::size_t length, bool is_short) {
  if (encoding_ == Encoding::flexible) {
    MILLRACE_ASSERT(length < std::numeric_limits<std::uint32_t>::max());
    return unsigned_bits(length + 1);
  }
  if (is_short) {
    MILLRACE_ASSERT(length <= std::numeric_limits<std::int16_t>::max());
    return fixed(static_cast<std::int16_t>(length));
  }
  MILLRACE_ASSERT(length <= std::numeric_limits<std::int32_t>::max());
  fixed(static_cast<std::int32_t>(length));
}

void Writer::string(std::string_view value) {
  length(value.size(), true);
  out_.append(value);
}

void Writer::nullable_string(const std::optional<std::string>& value) {
  if (value) return string(*value);
  if (encoding_ == Encoding::flexible) return unsigned_bits(0);
  fixed<std::int16_t>(-1);
}

void Writer::bytes(std::string_view value) {
  length(value.size(), false);
  out_.append(value);
}

void Writer::null_bytes() {
  null_array();
}

void Writer::bytes_length(std::size_t length) {
  this->length(length, false);
}

void Writer::array(std::size_t count) {
  length(count, false);
}

void Writer::null_array() {
  if (encoding_ == Encoding::flexible) return unsigned_bits(0);
  fixed<std::int32_t>(-1);
}

void Writer::tags() {
  if (encoding_ == Encoding::flexible) unsigned_bits(0);
}

void Writer::set_uint32(std::size_t at, std::uint32_t value) {
  MILLRACE_ASSERT(at + 4 <= out_.size());
  for (std::size_t i = 0; i < 4; ++i) out_[at + i] = static_cast<char>(value >> (24 - 8 * i));
}

std::string Writer::take() {
  return std::exchange(out_, {});
}

}  // namespace millrace::kafka
