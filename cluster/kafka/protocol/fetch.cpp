#include "cluster/kafka/protocol/fetch.hpp"

#include <limits>
#include <tuple>
#include <utility>

#include "cluster/kafka/protocol/fields.hpp"

namespace millrace::kafka {
namespace {

/// Shorter batches are cheaper to copy than to send as a piece of their own.
constexpr std::size_t piece_bytes_min = 4'096;

}  // namespace

FetchRequest read_fetch(Reader& reader, std::int16_t version) {
  FetchRequest request;
  std::ignore = reader.int32("replica id");
  request.wait_max_ms = reader.int32("max wait");
  request.bytes_min = reader.int32("min bytes");
  request.bytes_max = std::numeric_limits<std::int32_t>::max();
  if (version >= 3) request.bytes_max = reader.int32("max bytes");
  if (version >= 4) std::ignore = reader.int8("isolation level");  // nothing is uncommitted here
  if (version >= 7) {
    request.session = reader.int32("session id");
    std::ignore = reader.int32("session epoch");
  }
  request.topics.resize(reader.array("topics", 6));
  for (FetchRequest::Topic& topic : request.topics) {
    topic.name = reader.string("topic");
    topic.partitions.resize(reader.array("partitions", 16));
    for (FetchRequest::Partition& partition : topic.partitions) {
      partition.index = reader.int32("partition");
      if (version >= 9) std::ignore = reader.int32("current leader epoch");
      partition.offset = reader.int64("fetch offset");
      if (version >= 5) std::ignore = reader.int64("log start offset");
      partition.bytes_max = reader.int32("partition max bytes");
    }
  }
  if (version >= 7) {
    const std::size_t forgotten = reader.array("forgotten topics", 6);
    for (std::size_t i = 0; i < forgotten; ++i) {
      std::ignore = reader.string("forgotten topic");
      const std::size_t partitions = reader.array("forgotten partitions", 4);
      std::ignore = reader.raw(4 * partitions, "forgotten partitions");
    }
  }
  if (version >= 11) std::ignore = reader.string("rack id");
  return request;
}

std::vector<std::string> write_fetch(Writer& writer, std::int16_t version, FetchAnswer answer) {
  std::vector<std::string> pieces;
  if (version >= 1) writer.int32(no_throttle_ms);
  if (version >= 7) {
    writer.int16(static_cast<std::int16_t>(answer.code));
    writer.int32(0);  // session: none
  }
  writer.array(answer.topics.size());
  for (FetchAnswer::Topic& topic : answer.topics) {
    writer.string(topic.name);
    writer.array(topic.partitions.size());
    for (FetchAnswer::Partition& partition : topic.partitions) {
      writer.int32(partition.index);
      writer.int16(static_cast<std::int16_t>(partition.code));
      writer.int64(partition.high_watermark);
      if (version >= 4) writer.int64(partition.high_watermark);  // last stable offset
      if (version >= 5) writer.int64(partition.log_start_offset);
      if (version >= 4) writer.array(0);    // aborted transactions
      if (version >= 11) writer.int32(-1);  // preferred replica
      writer.bytes_length(partition.batches.size());
      if (partition.batches.size() < piece_bytes_min) {
        writer.raw(partition.batches);
      } else {
        pieces.push_back(writer.take());
        pieces.push_back(std::move(partition.batches));
      }
    }
  }
  if (writer.size() > 0) pieces.push_back(writer.take());
  return pieces;
}

}  // namespace millrace::kafka
