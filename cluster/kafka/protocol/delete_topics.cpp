#include "cluster/kafka/protocol/delete_topics.hpp"

#include <tuple>

#include "cluster/kafka/protocol/fields.hpp"

namespace millrace::kafka {

DeleteTopicsRequest read_delete_topics(Reader& reader, std::int16_t /*version*/) {
  DeleteTopicsRequest request;
  request.topics.resize(reader.array("topics", 2));
  for (std::string_view& topic : request.topics) topic = reader.string("topic");
  std::ignore = reader.int32("timeout");
  return request;
}

void write_delete_topics(Writer& writer, std::int16_t version,
                         const std::vector<DeleteTopicsAnswer>& topics) {
  if (version >= 1) writer.int32(no_throttle_ms);
  writer.array(topics.size());
  for (const DeleteTopicsAnswer& topic : topics) {
    writer.string(topic.name);
    writer.int16(static_cast<std::int16_t>(topic.code));
  }
}

}  // namespace millrace::kafka
