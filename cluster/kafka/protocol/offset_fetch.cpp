#include "cluster/kafka/protocol/offset_fetch.hpp"

#include <tuple>

#include "cluster/kafka/protocol/fields.hpp"

namespace millrace::kafka {

OffsetFetchRequest read_offset_fetch(Reader& reader, std::int16_t version) {
  OffsetFetchRequest request;
  request.group = reader.string("group");
  if (const auto count = reader.nullable_array("topics", 2)) {
    request.topics.emplace(*count);
    for (OffsetFetchRequest::Topic& topic : *request.topics) {
      topic.name = reader.string("topic");
      topic.partitions.resize(reader.array("partitions", 4));
      for (std::int32_t& index : topic.partitions) index = reader.int32("partition");
      reader.tags();
    }
  }
  if (version >= 7) std::ignore = reader.boolean("require stable");
  reader.tags();
  return request;
}

void write_offset_fetch(Writer& writer, std::int16_t version, const OffsetFetchAnswer& answer) {
  if (version >= 3) writer.int32(no_throttle_ms);
  writer.array(answer.topics.size());
  for (const OffsetFetchAnswer::Topic& topic : answer.topics) {
    writer.string(topic.name);
    writer.array(topic.partitions.size());
    for (const OffsetFetchAnswer::Partition& partition : topic.partitions) {
      writer.int32(partition.index);
      writer.int64(partition.offset);
      if (version >= 5) writer.int32(unknown_leader_epoch);
      writer.nullable_string(partition.metadata);
      writer.int16(static_cast<std::int16_t>(partition.code));
      writer.tags();
    }
    writer.tags();
  }
  if (version >= 2) writer.int16(static_cast<std::int16_t>(answer.code));
  writer.tags();
}

}  // namespace millrace::kafka
