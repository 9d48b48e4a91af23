#include "cluster/kafka/protocol/offset_commit.hpp"

#include <tuple>

#include "cluster/kafka/protocol/fields.hpp"

namespace millrace::kafka {

OffsetCommitRequest read_offset_commit(Reader& reader, std::int16_t version) {
  OffsetCommitRequest request;
  request.group = reader.string("group");
  request.generation = reader.int32("generation");
  request.member = reader.string("member");
  if (version >= 7) request.instance = reader.nullable_string("group instance id");
  // How long the offset is kept is not for the client to say: until the next commit.
  if (version >= 2 && version <= 4) std::ignore = reader.int64("retention time");
  request.topics.resize(reader.array("topics", 6));
  for (OffsetCommitRequest::Topic& topic : request.topics) {
    topic.name = reader.string("topic");
    topic.partitions.resize(reader.array("partitions", 14));
    for (OffsetCommitRequest::Partition& partition : topic.partitions) {
      partition.index = reader.int32("partition");
      partition.offset = reader.int64("committed offset");
      if (version >= 6) std::ignore = reader.int32("committed leader epoch");
      if (version == 1) std::ignore = reader.int64("commit timestamp");
      partition.metadata = reader.nullable_string("committed metadata").value_or("");
    }
  }
  return request;
}

void write_offset_commit(Writer& writer, std::int16_t version, const OffsetCommitAnswer& answer) {
  if (version >= 3) writer.int32(no_throttle_ms);
  writer.array(answer.topics.size());
  for (const OffsetCommitAnswer::Topic& topic : answer.topics) {
    writer.string(topic.name);
    writer.array(topic.partitions.size());
    for (const OffsetCommitAnswer::Partition& partition : topic.partitions) {
      writer.int32(partition.index);
      writer.int16(static_cast<std::int16_t>(partition.code));
    }
  }
}

}  // namespace millrace::kafka
