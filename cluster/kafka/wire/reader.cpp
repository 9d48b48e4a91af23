#include "cluster/kafka/wire/reader.hpp"

#include <tuple>
#include <type_traits>
#include <utility>

namespace millrace::kafka {

void Reader::fail(const char* what, const std::string& expected) {
  if (failure_) return;
  failure_ =
      Error{ErrorCode::protocol, std::string(what) + ": expected " + expected + ", at byte " +
                                     std::to_string(at_) + " of " + std::to_string(bytes_.size())};
  at_ = bytes_.size();
}

Result<void> Reader::status() const {
  if (failure_) return *failure_;
  return {};
}

Result<void> Reader::end() {
  if (left() > 0) fail("end", "no more bytes");
  return status();
}

std::string_view Reader::raw(std::size_t count, const char* what) {
  if (count > left()) {
    fail(what, std::to_string(count) + " bytes, got " + std::to_string(left()));
    return {};
  }
  at_ += count;
  return bytes_.substr(at_ - count, count);
}

template <class T>
T Reader::fixed(const char* what) {
  std::make_unsigned_t<T> value = 0;
  for (const char byte : raw(sizeof(T), what)) {
    value = static_cast<std::make_unsigned_t<T>>((std::uint64_t{value} << 8) |
                                                 static_cast<unsigned char>(byte));
  }
  return static_cast<T>(value);
}

bool Reader::boolean(const char* what) {
  return int8(what) != 0;
}
std::int8_t Reader::int8(const char* what) {
  return fixed<std::int8_t>(what);
}
std::int16_t Reader::int16(const char* what) {
  return fixed<std::int16_t>(what);
}
std::int32_t Reader::int32(const char* what) {
  return fixed<std::int32_t>(what);
}
std::int64_t Reader::int64(const char* what) {
  return fixed<std::int64_t>(what);
}
std::uint32_t Reader::uint32(const char* what) {
  return fixed<std::uint32_t>(what);
}

std::uint64_t Reader::unsigned_bits(const char* what, unsigned bits_max) {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < bits_max; shift += 7) {
    if (left() == 0) {
      fail(what, "a varint, got the end");
      return 0;
    }
    const auto byte = static_cast<unsigned char>(bytes_[at_]);
    const std::uint64_t bits = byte & 0x7fu;
    if (shift + 7 > bits_max && bits >> (bits_max - shift) != 0) break;
    ++at_;
    value |= bits << shift;
    if (byte < 0x80) return value;
  }
  fail(what, "a varint of at most " + std::to_string(bits_max) + " bits");
  return 0;
}

std::uint32_t Reader::unsigned_varint(const char* what) {
  return static_cast<std::uint32_t>(unsigned_bits(what, 32));
}
std::int32_t Reader::varint(const char* what) {
  const std::uint32_t value = unsigned_varint(what);
  return static_cast<std::int32_t>((value >> 1) ^ (0u - (value & 1u)));
}
std::int64_t Reader::varlong(const char* what) {
  const std::uint64_t value = unsigned_bits(what, 64);
  return static_cast<std::int64_t>((value >> 1) ^ (std::uint64_t{0} - (value & 1u)));
}

/// Nullopt: null. Zero when the reader has failed.
std::optional<std::size_t> Reader::length(const char* what, bool is_short) {
  std::int64_t length = 0;
  if (encoding_ == Encoding::flexible) {
    length = std::int64_t{unsigned_varint(what)} - 1;
  } else {
    length = is_short ? int16(what) : int32(what);
  }
  if (failure_) return 0;
  if (length == -1) return std::nullopt;
  if (length < -1) {
    fail(what, "a length of -1 or more, got " + std::to_string(length));
    return 0;
  }
  return static_cast<std::size_t>(length);
}

std::optional<std::string_view> Reader::sized(const char* what, bool is_short) {
  const auto size = length(what, is_short);
  if (!size) return std::nullopt;
  return raw(*size, what);
}

std::optional<std::string_view> Reader::nullable_string(const char* what) {
  return sized(what, true);
}
std::optional<std::string_view> Reader::nullable_bytes(const char* what) {
  return sized(what, false);
}
std::string_view Reader::string(const char* what) {
  const auto value = nullable_string(what);
  if (!value) fail(what, "a string, got null");
  return value.value_or(std::string_view{});
}
std::string_view Reader::bytes(const char* what) {
  const auto value = nullable_bytes(what);
  if (!value) fail(what, "bytes, got null");
  return value.value_or(std::string_view{});
}

std::optional<std::size_t> Reader::nullable_array(const char* what, std::size_t element_bytes_min) {
  const auto count = length(what, false);
  if (!count) return std::nullopt;
  if (*count > left() / element_bytes_min) {
    fail(what, std::to_string(*count) + " elements of " + std::to_string(element_bytes_min) +
                   " bytes or more, got " + std::to_string(left()) + " bytes");
    return 0;
  }
  elements_ += *count;
  if (elements_ > elements_max) {
    fail(what, "at most " + std::to_string(elements_max) + " elements in a request");
    return 0;
  }
  return *count;
}

std::size_t Reader::array(const char* what, std::size_t element_bytes_min) {
  return nullable_array(what, element_bytes_min).value_or(0);
}

void Reader::tags() {
  if (encoding_ == Encoding::plain) return;
  const std::uint32_t count = unsigned_varint("tagged fields");
  for (std::uint32_t i = 0; i < count && !failure_; ++i) {
    std::ignore = unsigned_varint("tag");
    std::ignore = raw(unsigned_varint("size of a tagged field"), "tagged field");
  }
}

}  // namespace millrace::kafka
