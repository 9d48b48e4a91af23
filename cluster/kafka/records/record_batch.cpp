#include "cluster/kafka/records/record_batch.hpp"

#include <string>
#include <tuple>
#include <utility>

#include "actors/base/crc32c.hpp"
#include "cluster/kafka/wire/reader.hpp"

namespace millrace::kafka {
namespace {

constexpr std::uint16_t codec_bits = 0x07;
constexpr std::uint16_t transactional_bit = 0x10;
constexpr std::uint16_t control_bit = 0x20;
/// A record takes so many bytes or more: its length, attributes, two deltas, two lengths, a count.
constexpr std::size_t record_bytes_min = 7;

Error invalid(const std::string& text) {
  return {ErrorCode::invalid_argument, "record batch: " + text};
}

Result<void> check(const BatchHeader& header, std::int32_t last_offset_delta, std::int32_t count) {
  if (header.codec > Codec::zstd) {
    return invalid("codec: expected 0 to 4, got " + std::to_string(static_cast<int>(header.codec)));
  }
  if (count < 1) return invalid("records: expected 1 or more, got " + std::to_string(count));
  if (last_offset_delta != count - 1) {
    return invalid("last offset delta: expected " + std::to_string(count - 1) + ", got " +
                   std::to_string(last_offset_delta));
  }
  if (header.is_control) return invalid("control batches come from brokers only");
  if (header.producer_id < -1) {
    return invalid("producer id: expected -1 or more, got " + std::to_string(header.producer_id));
  }
  if (header.producer_id >= 0 && (header.producer_epoch < 0 || header.base_sequence < 0)) {
    return invalid("producer epoch and base sequence: expected 0 or more, got " +
                   std::to_string(header.producer_epoch) + " and " +
                   std::to_string(header.base_sequence));
  }
  return {};
}

Result<void> check_records(const RecordBatch& batch) {
  RecordCursor cursor = batch.records();
  std::int32_t expected = 0;
  while (auto record = cursor.next()) {
    if (record->offset_delta != expected) {
      return invalid("offset delta: expected " + std::to_string(expected) + ", got " +
                     std::to_string(record->offset_delta));
    }
    HeaderCursor& headers = record->headers;
    while (headers.next()) {
    }
    if (headers.is_damaged() || !headers.rest().empty()) {
      return invalid("the headers of record " + std::to_string(expected) + " are malformed");
    }
    ++expected;
  }
  if (cursor.is_damaged()) {
    return invalid("record " + std::to_string(expected) + " of " +
                   std::to_string(batch.header.count) + " is malformed");
  }
  if (!cursor.rest().empty()) {
    return invalid("expected no bytes behind the last record, got " +
                   std::to_string(cursor.rest().size()));
  }
  return {};
}

}  // namespace

Codec codec_of(std::string_view bytes) {
  if (bytes.size() < batch_header_bytes) return Codec::none;
  return static_cast<Codec>(static_cast<unsigned char>(bytes[batch_checked_offset + 1]) &
                            codec_bits);
}

Result<BatchHeader> parse_batch_header(std::string_view bytes) {
  Reader reader(bytes);
  BatchHeader header;
  header.base_offset = reader.int64("base offset");
  const std::int32_t length = reader.int32("length");
  std::ignore = reader.int32("leader epoch");
  const std::int8_t format = reader.int8("format");
  if (!reader.has_failed() && format != batch_format) {
    return Error{ErrorCode::unsupported_version, "record batch: format: expected 2, got " +
                                                     std::to_string(static_cast<int>(format))};
  }
  const std::uint32_t checksum = reader.uint32("checksum");
  const auto attributes = static_cast<std::uint16_t>(reader.int16("attributes"));
  const std::int32_t last_offset_delta = reader.int32("last offset delta");
  header.base_timestamp_ms = reader.int64("base timestamp");
  header.max_timestamp_ms = reader.int64("max timestamp");
  header.producer_id = reader.int64("producer id");
  header.producer_epoch = reader.int16("producer epoch");
  header.base_sequence = reader.int32("base sequence");
  const std::int32_t count = reader.int32("count");
  if (auto status = reader.status(); !status) {
    return Error{ErrorCode::corrupt, "record batch: " + status.error().message};
  }
  const std::size_t there = bytes.size() - batch_length_offset;
  if (length < 0 || static_cast<std::size_t>(length) > there) {
    return Error{ErrorCode::corrupt, "record batch: length: expected " + std::to_string(there) +
                                         ", got " + std::to_string(length)};
  }
  if (static_cast<std::size_t>(length) < there) {
    return Error{ErrorCode::too_large,
                 "expected one record batch in a partition, got " +
                     std::to_string(there - static_cast<std::size_t>(length)) + " bytes behind it"};
  }
  if (crc32c(bytes.substr(batch_checked_offset)) != checksum) {
    return Error{ErrorCode::corrupt, "record batch: its checksum is wrong"};
  }
  header.codec = static_cast<Codec>(attributes & codec_bits);
  header.is_transactional = (attributes & transactional_bit) != 0;
  header.is_control = (attributes & control_bit) != 0;
  if (auto checked = check(header, last_offset_delta, count); !checked) return checked.error();
  header.count = static_cast<std::uint32_t>(count);
  return header;
}

Result<RecordBatch> parse_batch(std::string_view bytes, const std::shared_ptr<const void>& owner,
                                std::size_t unpacked_bytes_max) {
  auto header = parse_batch_header(bytes);
  if (!header) return header.error();
  RecordBatch batch{.header = *header,
                    .bytes = bytes.substr(batch_header_bytes),
                    .packed = bytes,
                    .owner = owner};
  if (header->codec != Codec::none) {
    auto unpacked = unpack(header->codec, batch.bytes, unpacked_bytes_max);
    if (!unpacked) return unpacked.error();
    const auto kept = std::make_shared<const std::string>(std::move(*unpacked));
    batch.bytes = *kept;
    batch.owner = kept;
  }
  if (batch.header.count > batch.bytes.size() / record_bytes_min) {
    return invalid(std::to_string(batch.header.count) + " records do not fit into " +
                   std::to_string(batch.bytes.size()) + " bytes");
  }
  if (auto checked = check_records(batch); !checked) return checked.error();
  return batch;
}

}  // namespace millrace::kafka
