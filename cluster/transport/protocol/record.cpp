#include "cluster/transport/protocol/record.hpp"

#include <array>
#include <bit>
#include <cstring>

namespace millrace::transport {
namespace {

static_assert(std::endian::native == std::endian::little, "the layout is copied as it is");

// A larger buffer is freed after a large frame.
constexpr std::size_t kept_record_bytes_max = 1u << 20;

template <class T>
T read_at(const char* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

}  // namespace

void append_record(std::string& out, const Record& record) {
  std::array<char, record_header_bytes> header{};
  const auto length = static_cast<std::uint32_t>(record.body.size());
  std::memcpy(header.data(), &length, sizeof length);
  std::memcpy(header.data() + 4, &record.kind, sizeof record.kind);
  std::memcpy(header.data() + 6, &record.frame_kind, sizeof record.frame_kind);
  std::memcpy(header.data() + 8, &record.sequence, sizeof record.sequence);
  out.append(header.data(), header.size());
  out.append(record.body);
}

void RecordReader::append(std::string_view bytes) {
  // At most one incomplete record remains, so moving it to the front is cheap.
  buffer_.erase(0, begin_);
  begin_ = 0;
  if (buffer_.empty() && buffer_.capacity() > kept_record_bytes_max) buffer_.shrink_to_fit();
  buffer_.append(bytes);
}

RecordReader::Outcome RecordReader::next(Record& record) {
  const std::size_t have = buffer_.size() - begin_;
  if (have < record_header_bytes) return Outcome::more;
  const char* const at = buffer_.data() + begin_;
  const auto length = read_at<std::uint32_t>(at);
  const auto kind = read_at<std::uint8_t>(at + 4);
  if (!check(kind, read_at<std::uint8_t>(at + 5), length)) return Outcome::broken;
  if (have < record_header_bytes + length) return Outcome::more;
  record.kind = RecordKind{kind};
  record.frame_kind = FrameKind{read_at<std::uint16_t>(at + 6)};
  record.sequence = read_at<std::uint64_t>(at + 8);
  record.body = {at + record_header_bytes, length};
  begin_ += record_header_bytes + length;
  return Outcome::record;
}

bool RecordReader::check(std::uint8_t kind, std::uint8_t zero, std::size_t length) {
  const bool is_known = kind >= static_cast<std::uint8_t>(RecordKind::hello) &&
                        kind <= static_cast<std::uint8_t>(RecordKind::ping) && zero == 0;
  if (!is_known) {
    fault_ = "a record of an unknown kind";
    return false;
  }
  const bool is_frame = RecordKind{kind} == RecordKind::frame;
  if (is_frame && !are_frames_allowed_) {
    fault_ = "a frame before the welcome";
    return false;
  }
  const std::size_t limit = is_frame ? frame_bytes_max_ : control_body_bytes_max;
  if (length > limit) {
    fault_ = "a record of " + std::to_string(length) + " bytes, expected at most " +
             std::to_string(limit);
    return false;
  }
  return true;
}

}  // namespace millrace::transport
