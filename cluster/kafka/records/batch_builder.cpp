#include "cluster/kafka/records/batch_builder.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

#include "actors/base/assert.hpp"
#include "actors/base/crc32c.hpp"
#include "cluster/kafka/records/record_batch.hpp"
#include "cluster/kafka/wire/writer.hpp"

namespace millrace::kafka {
namespace {

constexpr std::size_t checksum_offset = 17;

std::uint64_t zigzag(std::int64_t value) {
  return (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
}

std::size_t varint_bytes(std::uint64_t bits) {
  std::size_t bytes = 1;
  for (; bits >= 0x80; bits >>= 7) ++bytes;
  return bytes;
}

std::size_t signed_bytes(std::int64_t value) {
  return varint_bytes(zigzag(value));
}

std::size_t sized_bytes(const std::optional<std::string_view>& value) {
  if (!value) return 1;
  return signed_bytes(static_cast<std::int64_t>(value->size())) + value->size();
}

char* put_varint(char* at, std::int64_t value) {
  std::uint64_t bits = zigzag(value);
  for (; bits >= 0x80; bits >>= 7) *at++ = static_cast<char>(bits | 0x80u);
  *at++ = static_cast<char>(bits);
  return at;
}

char* put_sized(char* at, const std::optional<std::string_view>& value) {
  if (!value) return put_varint(at, -1);
  at = put_varint(at, static_cast<std::int64_t>(value->size()));
  if (!value->empty()) std::memcpy(at, value->data(), value->size());
  return at + value->size();
}

/// The difference; wraps around as the sum does that undoes it.
std::int64_t difference(std::int64_t later, std::int64_t earlier) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(later) -
                                   static_cast<std::uint64_t>(earlier));
}

}  // namespace

bool BatchBuilder::add(std::int64_t offset, std::int64_t timestamp_ms,
                       std::optional<std::string_view> key, std::optional<std::string_view> value,
                       std::span<const RecordHeader> headers) {
  const std::int64_t base = count_ == 0 ? offset : base_offset_;
  const std::int64_t delta = offset - base;
  MILLRACE_ASSERT(count_ == 0 || delta > last_delta_);
  if (delta > std::numeric_limits<std::int32_t>::max()) return false;
  const std::int64_t timestamp_delta =
      count_ == 0 ? 0 : difference(timestamp_ms, base_timestamp_ms_);

  std::size_t body = 1 + signed_bytes(timestamp_delta) + signed_bytes(delta) + sized_bytes(key) +
                     sized_bytes(value) + signed_bytes(static_cast<std::int64_t>(headers.size()));
  for (const RecordHeader& header : headers) {
    body += sized_bytes(header.key) + sized_bytes(header.value);
  }
  const std::size_t record = signed_bytes(static_cast<std::int64_t>(body)) + body;
  const std::size_t before = std::max(bytes_.size(), batch_header_bytes);
  if (count_ > 0 && before + record > bytes_max_) return false;

  bytes_.resize(before + record);
  char* at = put_varint(bytes_.data() + before, static_cast<std::int64_t>(body));
  *at++ = 0;  // attributes
  at = put_varint(at, timestamp_delta);
  at = put_varint(at, delta);
  at = put_sized(at, key);
  at = put_sized(at, value);
  at = put_varint(at, static_cast<std::int64_t>(headers.size()));
  for (const RecordHeader& header : headers) {
    at = put_sized(at, header.key);
    at = put_sized(at, header.value);
  }
  MILLRACE_ASSERT(at == bytes_.data() + bytes_.size());

  if (count_ == 0) {
    base_offset_ = offset;
    base_timestamp_ms_ = timestamp_ms;
    max_timestamp_ms_ = timestamp_ms;
  }
  max_timestamp_ms_ = std::max(max_timestamp_ms_, timestamp_ms);
  last_delta_ = delta;
  ++count_;
  return true;
}

std::string BatchBuilder::finish(const BatchProducer& producer) {
  if (count_ == 0) return {};
  Writer header;
  header.int64(base_offset_);
  header.int32(static_cast<std::int32_t>(bytes_.size() - batch_length_offset));
  header.int32(-1);  // leader epoch: not known here
  header.int8(batch_format);
  header.uint32(0);  // checksum, below
  header.int16(0);   // attributes: not compressed, times of the producers
  header.int32(static_cast<std::int32_t>(last_delta_));
  header.int64(base_timestamp_ms_);
  header.int64(max_timestamp_ms_);
  header.int64(producer.id);
  header.int16(producer.epoch);
  header.int32(producer.base_sequence);
  header.int32(static_cast<std::int32_t>(count_));
  MILLRACE_ASSERT(header.size() == batch_header_bytes);
  std::memcpy(bytes_.data(), header.written().data(), batch_header_bytes);

  Writer checksum;
  checksum.uint32(crc32c(std::string_view(bytes_).substr(batch_checked_offset)));
  std::memcpy(bytes_.data() + checksum_offset, checksum.written().data(), checksum.size());
  count_ = 0;
  last_delta_ = 0;
  return std::exchange(bytes_, {});
}

}  // namespace millrace::kafka
