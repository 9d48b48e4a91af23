// Writer: appends values of the Kafka protocol to bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include "cluster/kafka/wire/reader.hpp"

namespace millrace::kafka {

class Writer {
 public:
  explicit Writer(Encoding encoding = Encoding::plain) : encoding_(encoding) {}

  void boolean(bool value) { fixed<std::int8_t>(value ? 1 : 0); }
  void int8(std::int8_t value) { fixed(value); }
  void int16(std::int16_t value) { fixed(value); }
  void int32(std::int32_t value) { fixed(value); }
  void int64(std::int64_t value) { fixed(value); }
  void uint32(std::uint32_t value) { fixed(value); }
  void unsigned_varint(std::uint32_t value) { unsigned_bits(value); }
  void varint(std::int32_t value);
  void varlong(std::int64_t value);

  /// REQUIRES: at most 32,767 bytes, unless flexible.
  void string(std::string_view value);
  void nullable_string(const std::optional<std::string>& value);
  /// REQUIRES: at most 2^31 - 1 bytes.
  void bytes(std::string_view value);
  void null_bytes();
  /// The length of bytes that follow, as bytes() writes it.
  void bytes_length(std::size_t length);
  void raw(std::string_view value) { out_.append(value); }

  /// The number of elements that follow.
  void array(std::size_t count);
  void null_array();
  /// No tagged fields; nothing in the plain encoding.
  void tags();

  /// Replaces the four bytes at `at`. REQUIRES: they were written.
  void set_uint32(std::size_t at, std::uint32_t value);

  [[nodiscard]] std::size_t size() const { return out_.size(); }
  [[nodiscard]] const std::string& written() const { return out_; }
  /// The bytes; the writer is empty afterwards.
  [[nodiscard]] std::string take();
  void reserve(std::size_t bytes) { out_.reserve(bytes); }
  void clear() { out_.clear(); }

 private:
  template <class T>
  void fixed(T value) {
    const auto bits = static_cast<std::make_unsigned_t<T>>(value);
    char bytes[sizeof(T)];
    for (std::size_t i = 0; i < sizeof(T); ++i) {
      bytes[i] = static_cast<char>(bits >> (8 * (sizeof(T) - 1 - i)));
    }
    out_.append(bytes, sizeof(T));
  }
  void unsigned_bits(std::uint64_t value);
  void length(std::size_t length, bool is_short);

  Encoding encoding_;
  std::string out_{};
};

}  // namespace millrace::kafka
