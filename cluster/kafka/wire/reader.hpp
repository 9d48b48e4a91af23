// Reader: takes the values of the Kafka protocol from bytes that somebody sent.
//
// A value that is not there, or cannot be, makes the reader fail: from then on it returns zeros and
// empty values, and status() says what was wrong, where, and what was expected. So a request is read
// from its first field to its last, and checked once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "messages/result.hpp"

namespace millrace::kafka {

/// How strings, byte strings and the lengths of arrays are written.
enum class Encoding : std::uint8_t {
  plain,     ///< lengths have two or four bytes; null is -1
  flexible,  ///< lengths are varints, one more than the length; null is 0; structures end with tags
};

/// Views that are returned point into the bytes that are read. `what` names the value in the text of
/// an error, and must remain valid while the reader lives.
class Reader {
 public:
  /// Elements of all arrays of a message together: bounds the memory that its structures take.
  static constexpr std::size_t elements_max = 100'000;

  explicit Reader(std::string_view bytes, Encoding encoding = Encoding::plain)
      : bytes_(bytes), encoding_(encoding) {}

  [[nodiscard]] bool boolean(const char* what);
  [[nodiscard]] std::int8_t int8(const char* what);
  [[nodiscard]] std::int16_t int16(const char* what);
  [[nodiscard]] std::int32_t int32(const char* what);
  [[nodiscard]] std::int64_t int64(const char* what);
  [[nodiscard]] std::uint32_t uint32(const char* what);
  /// Of seven bits a byte, the lowest first.
  [[nodiscard]] std::uint32_t unsigned_varint(const char* what);
  /// As an unsigned one whose lowest bit is the sign (zigzag).
  [[nodiscard]] std::int32_t varint(const char* what);
  [[nodiscard]] std::int64_t varlong(const char* what);

  [[nodiscard]] std::string_view string(const char* what);
  [[nodiscard]] std::optional<std::string_view> nullable_string(const char* what);
  [[nodiscard]] std::string_view bytes(const char* what);
  [[nodiscard]] std::optional<std::string_view> nullable_bytes(const char* what);
  /// `count` bytes without a length before them.
  [[nodiscard]] std::string_view raw(std::size_t count, const char* what);

  /// The number of elements of an array, each of which takes `element_bytes_min` bytes or more.
  /// A null array has none. Fails if there are not as many bytes, or beyond elements_max.
  [[nodiscard]] std::size_t array(const char* what, std::size_t element_bytes_min);
  /// As array(); nullopt: null.
  [[nodiscard]] std::optional<std::size_t> nullable_array(const char* what,
                                                          std::size_t element_bytes_min);

  /// Skips the tagged fields at the end of a structure; there are none in the plain encoding.
  void tags();

  [[nodiscard]] std::size_t left() const { return bytes_.size() - at_; }
  [[nodiscard]] std::size_t position() const { return at_; }
  [[nodiscard]] bool has_failed() const { return failure_.has_value(); }

  /// Makes the reader fail, unless it has failed before.
  void fail(const char* what, const std::string& expected);
  /// Fails with `protocol` if the reader has failed.
  [[nodiscard]] Result<void> status() const;
  /// As status(); also fails if bytes are left.
  [[nodiscard]] Result<void> end();

 private:
  template <class T>
  [[nodiscard]] T fixed(const char* what);
  [[nodiscard]] std::uint64_t unsigned_bits(const char* what, unsigned bits_max);
  [[nodiscard]] std::optional<std::size_t> length(const char* what, bool is_short);
  [[nodiscard]] std::optional<std::string_view> sized(const char* what, bool is_short);

  std::string_view bytes_;
  Encoding encoding_;
  std::size_t at_ = 0;
  std::size_t elements_ = 0;  ///< of arrays, so far
  std::optional<Error> failure_{};
};

}  // namespace millrace::kafka
