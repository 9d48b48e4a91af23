#include "cluster/kafka/protocol/list_offsets.hpp"

#include <tuple>

#include "cluster/kafka/protocol/fields.hpp"

namespace millrace::kafka {

ListOffsetsRequest read_list_offsets(Reader& reader, std::int16_t version) {
  ListOffsetsRequest request;
  std::ignore = reader.int32("replica id");
  if (version >= 2) std::ignore = reader.int8("isolation level");
  request.topics.resize(reader.array("topics", 6));
  for (ListOffsetsRequest::Topic& topic : request.topics) {
    topic.name = reader.string("topic");
    topic.partitions.resize(reader.array("partitions", 12));
    for (ListOffsetsRequest::Partition& partition : topic.partitions) {
      partition.index = reader.int32("partition");
      if (version >= 4) std::ignore = reader.int32("current leader epoch");
      partition.timestamp_ms = reader.int64("timestamp");
      if (version == 0) std::ignore = reader.int32("max number of offsets");
    }
  }
  return request;
}

void write_list_offsets(Writer& writer, std::int16_t version, const ListOffsetsAnswer& answer) {
  if (version >= 2) writer.int32(no_throttle_ms);
  writer.array(answer.topics.size());
  for (const ListOffsetsAnswer::Topic& topic : answer.topics) {
    writer.string(topic.name);
    writer.array(topic.partitions.size());
    for (const ListOffsetsAnswer::Partition& partition : topic.partitions) {
      writer.int32(partition.index);
      writer.int16(static_cast<std::int16_t>(partition.code));
      if (version == 0) {
        const bool is_found = partition.offset != no_offset;
        writer.array(is_found ? 1 : 0);
        if (is_found) writer.int64(partition.offset);
        continue;
      }
      writer.int64(partition.timestamp_ms);
      writer.int64(partition.offset);
      if (version >= 4) writer.int32(unknown_leader_epoch);
    }
  }
}

}  // namespace millrace::kafka
