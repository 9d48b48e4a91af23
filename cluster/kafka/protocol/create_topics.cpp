#include "cluster/kafka/protocol/create_topics.hpp"

#include <tuple>

#include "cluster/kafka/protocol/fields.hpp"

namespace millrace::kafka {

CreateTopicsRequest read_create_topics(Reader& reader, std::int16_t version) {
  CreateTopicsRequest request;
  request.topics.resize(reader.array("topics", 16));
  for (CreateTopicsRequest::Topic& topic : request.topics) {
    topic.name = reader.string("topic");
    topic.partitions = reader.int32("number of partitions");
    topic.replicas = reader.int16("replication factor");
    const std::size_t assignments = reader.array("assignments", 8);
    topic.has_assignments = assignments > 0;
    for (std::size_t i = 0; i < assignments; ++i) {
      std::ignore = reader.int32("assigned partition");
      std::ignore = reader.raw(4 * reader.array("assigned brokers", 4), "assigned brokers");
    }
    topic.configs.resize(reader.array("configs", 4));
    for (CreateTopicsRequest::Config& config : topic.configs) {
      config.name = reader.string("config");
      config.value = reader.nullable_string("config value");
    }
  }
  std::ignore = reader.int32("timeout");
  if (version >= 1) request.is_check_only = reader.boolean("validate only");
  return request;
}

void write_create_topics(Writer& writer, std::int16_t version,
                         const std::vector<CreateTopicsAnswer>& topics) {
  if (version >= 2) writer.int32(no_throttle_ms);
  writer.array(topics.size());
  for (const CreateTopicsAnswer& topic : topics) {
    writer.string(topic.name);
    writer.int16(static_cast<std::int16_t>(topic.code));
    if (version >= 1) writer.nullable_string(topic.message);
  }
}

}  // namespace millrace::kafka
