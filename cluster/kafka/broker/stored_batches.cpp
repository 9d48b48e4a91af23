#include "cluster/kafka/broker/stored_batches.hpp"

#include <limits>
#include <memory>
#include <string_view>
#include <vector>

#include "cluster/kafka/records/batch_builder.hpp"
#include "messages/values.pb.h"

namespace millrace::kafka {
namespace {

constexpr std::size_t leader_epoch_offset = 12;

void put(std::string& bytes, std::size_t at, std::uint64_t value, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i)
    bytes[at + i] = static_cast<char>((value >> (8 * (size - 1 - i))) & 0xff);
}

/// The value of a message that a stage has written.
std::string value_of(const pb::Envelope& message, const std::string& type) {
  if (type == Bytes::descriptor()->full_name()) {
    Bytes bytes;
    if (bytes.ParseFromString(message.payload())) return bytes.value();
  }
  if (type == Json::descriptor()->full_name()) {
    Json json;
    if (json.ParseFromString(message.payload())) return json.text().empty() ? "null" : json.text();
  }
  return message.payload();
}

std::string single_batch(const queues::TopicPiece& piece, const std::string& type) {
  const pb::Envelope& message = *piece.body;
  BatchBuilder builder(std::numeric_limits<std::size_t>::max());
  const std::optional<std::string_view> key =
      message.key().empty() ? std::nullopt : std::optional<std::string_view>(message.key());
  const std::string value = value_of(message, type);
  std::vector<RecordHeader> headers;
  headers.reserve(static_cast<std::size_t>(message.header_size()));
  for (const pb::Header& each : message.header()) headers.push_back({each.name(), each.value()});
  [[maybe_unused]] const bool added =
      builder.add(piece.batch.base_offset, piece.batch.timestamp_ms, key, value, headers);
  return builder.finish();
}

}  // namespace

queues::TopicOffer to_offer(const std::string& topic, const RecordBatch& batch) {
  queues::TopicOffer offer;
  offer.topic = topic;
  offer.batch.set_payload(batch.packed.data(), batch.packed.size());
  offer.batch.set_records(batch.header.count);
  offer.timestamp_ms = batch.header.max_timestamp_ms;
  if (batch.header.producer_id >= 0) {
    offer.number = {batch.header.producer_id, batch.header.producer_epoch,
                    batch.header.base_sequence};
  }
  return offer;
}

std::string to_batches(const queues::TopicRead& read, const std::string& type) {
  std::size_t size = 0;
  for (const queues::TopicPiece& piece : read.pieces) size += piece.body->payload().size();
  std::string out;
  out.reserve(size);
  for (const queues::TopicPiece& piece : read.pieces) {
    if (piece.body->records() == 0) {
      out += single_batch(piece, type);
      continue;
    }
    const std::size_t at = out.size();
    out += piece.body->payload();
    // Neither is covered by the checksum.
    put(out, at, static_cast<std::uint64_t>(piece.batch.base_offset), 8);
    put(out, at + leader_epoch_offset, ~std::uint64_t{0}, 4);
  }
  return out;
}

Result<std::optional<FoundOffset>> find_time(const queues::TopicPiece& piece,
                                             std::int64_t timestamp_ms,
                                             std::size_t unpacked_bytes_max) {
  if (piece.body->records() == 0) {
    return std::optional(FoundOffset{piece.batch.base_offset, piece.batch.timestamp_ms});
  }
  const auto batch = parse_batch(piece.body->payload(), piece.body.message(), unpacked_bytes_max);
  if (!batch) return batch.error();
  RecordCursor records = batch->records();
  while (const auto record = records.next()) {
    if (record->timestamp_ms < timestamp_ms) continue;
    return std::optional(
        FoundOffset{piece.batch.base_offset + record->offset_delta, record->timestamp_ms});
  }
  return std::optional<FoundOffset>();
}

}  // namespace millrace::kafka
