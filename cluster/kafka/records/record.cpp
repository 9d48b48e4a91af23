#include "cluster/kafka/records/record.hpp"

#include <limits>

namespace millrace::kafka {
namespace {

// Reader of cluster/kafka/wire does the same for requests; this one is inlined into the loop over records,
// and needs no text for what went wrong.

/// Takes a varint of at most `bits_max` bits off the front of `bytes`; false: there is none.
template <class T>
bool take_unsigned(std::string_view& bytes, T& value) {
  constexpr unsigned bits_max = std::numeric_limits<T>::digits;
  value = 0;
  std::size_t at = 0;
  for (unsigned shift = 0; shift < bits_max && at < bytes.size(); shift += 7) {
    const auto byte = static_cast<unsigned char>(bytes[at++]);
    const T bits = byte & 0x7fu;
    if (shift + 7 > bits_max && bits >> (bits_max - shift) != 0) return false;
    value |= bits << shift;
    if (byte < 0x80) {
      bytes.remove_prefix(at);
      return true;
    }
  }
  return false;
}

bool take_varint(std::string_view& bytes, std::int32_t& value) {
  std::uint32_t bits = 0;
  if (!take_unsigned(bytes, bits)) return false;
  value = static_cast<std::int32_t>((bits >> 1) ^ (0u - (bits & 1u)));
  return true;
}

bool take_varlong(std::string_view& bytes, std::int64_t& value) {
  std::uint64_t bits = 0;
  if (!take_unsigned(bytes, bits)) return false;
  value = static_cast<std::int64_t>((bits >> 1) ^ (std::uint64_t{0} - (bits & 1u)));
  return true;
}

/// Bytes behind their length; a length of -1 is null.
bool take_sized(std::string_view& bytes, std::optional<std::string_view>& value) {
  std::int32_t length = 0;
  if (!take_varint(bytes, length)) return false;
  if (length == -1) {
    value.reset();
    return true;
  }
  if (length < 0 || static_cast<std::size_t>(length) > bytes.size()) return false;
  value = bytes.substr(0, static_cast<std::size_t>(length));
  bytes.remove_prefix(static_cast<std::size_t>(length));
  return true;
}

bool take_record(std::string_view& rest, std::int64_t base_timestamp_ms, Record& record) {
  std::optional<std::string_view> body;
  if (!take_sized(rest, body) || !body || body->empty()) return false;
  body->remove_prefix(1);  // attributes, of which none is in use
  std::int64_t timestamp_delta = 0;
  std::int32_t headers = 0;
  if (!take_varlong(*body, timestamp_delta) || !take_varint(*body, record.offset_delta) ||
      !take_sized(*body, record.key) || !take_sized(*body, record.value) ||
      !take_varint(*body, headers) || headers < 0) {
    return false;
  }
  // Each header takes two bytes or more.
  if (static_cast<std::size_t>(headers) > body->size() / 2) return false;
  record.timestamp_ms = static_cast<std::int64_t>(static_cast<std::uint64_t>(base_timestamp_ms) +
                                                  static_cast<std::uint64_t>(timestamp_delta));
  record.headers = HeaderCursor(*body, static_cast<std::uint32_t>(headers));
  return true;
}

}  // namespace

std::optional<RecordHeader> HeaderCursor::next() {
  if (left_ == 0 || is_damaged_) return std::nullopt;
  std::optional<std::string_view> key;
  RecordHeader header;
  if (!take_sized(rest_, key) || !key || !take_sized(rest_, header.value)) {
    is_damaged_ = true;
    return std::nullopt;
  }
  header.key = *key;
  --left_;
  return header;
}

std::optional<Record> RecordCursor::next() {
  if (left_ == 0 || is_damaged_) return std::nullopt;
  Record record;
  if (!take_record(rest_, base_timestamp_ms_, record)) {
    is_damaged_ = true;
    return std::nullopt;
  }
  --left_;
  return record;
}

}  // namespace millrace::kafka
