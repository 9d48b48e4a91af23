#include "cluster/kafka/protocol/offset_delete.hpp"

#include "cluster/kafka/protocol/fields.hpp"

namespace millrace::kafka {

OffsetDeleteRequest read_offset_delete(Reader& reader, std::int16_t /*version*/) {
  OffsetDeleteRequest request;
  request.group = reader.string("group");
  request.topics.resize(reader.array("topics", 6));
  for (OffsetDeleteRequest::Topic& topic : request.topics) {
    topic.name = reader.string("topic");
    topic.partitions.resize(reader.array("partitions", 4));
    for (std::int32_t& index : topic.partitions) index = reader.int32("partition");
  }
  return request;
}

void write_offset_delete(Writer& writer, std::int16_t /*version*/,
                         const OffsetDeleteAnswer& answer) {
  writer.int16(static_cast<std::int16_t>(answer.code));
  writer.int32(no_throttle_ms);
  writer.array(answer.topics.size());
  for (const OffsetDeleteAnswer::Topic& topic : answer.topics) {
    writer.string(topic.name);
    writer.array(topic.partitions.size());
    for (const OffsetDeleteAnswer::Partition& partition : topic.partitions) {
      writer.int32(partition.index);
      writer.int16(static_cast<std::int16_t>(partition.code));
    }
  }
}

}  // namespace millrace::kafka
