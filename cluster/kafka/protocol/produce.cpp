#include "cluster/kafka/protocol/produce.hpp"

#include "cluster/kafka/protocol/fields.hpp"

namespace millrace::kafka {

ProduceRequest read_produce(Reader& reader, std::int16_t version) {
  ProduceRequest request;
  if (version >= 3) {
    request.is_transactional = reader.nullable_string("transactional id").has_value();
  }
  request.acks = reader.int16("acks");
  request.timeout_ms = reader.int32("timeout");
  request.topics.resize(reader.array("topics", 6));
  for (ProduceRequest::Topic& topic : request.topics) {
    topic.name = reader.string("topic");
    topic.partitions.resize(reader.array("partitions", 8));
    for (ProduceRequest::Partition& partition : topic.partitions) {
      partition.index = reader.int32("partition");
      partition.batch = reader.nullable_bytes("records").value_or(std::string_view{});
    }
  }
  if (!reader.has_failed() && (request.acks < -1 || request.acks > 1)) {
    reader.fail("acks", "-1, 0 or 1, got " + std::to_string(request.acks));
  }
  return request;
}

void write_produce(Writer& writer, std::int16_t version, const ProduceAnswer& answer) {
  writer.array(answer.topics.size());
  for (const ProduceAnswer::Topic& topic : answer.topics) {
    writer.string(topic.name);
    writer.array(topic.partitions.size());
    for (const ProduceAnswer::Partition& partition : topic.partitions) {
      writer.int32(partition.index);
      writer.int16(static_cast<std::int16_t>(partition.code));
      writer.int64(partition.base_offset);
      if (version >= 2) writer.int64(-1);  // time of the append: records keep their own
      if (version >= 5) writer.int64(partition.log_start_offset);
    }
  }
  if (version >= 1) writer.int32(no_throttle_ms);
}

}  // namespace millrace::kafka
