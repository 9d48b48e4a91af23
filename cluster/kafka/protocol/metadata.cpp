#include "cluster/kafka/protocol/metadata.hpp"

#include <tuple>

#include "cluster/kafka/protocol/fields.hpp"

namespace millrace::kafka {

MetadataRequest read_metadata(Reader& reader, std::int16_t version) {
  MetadataRequest request;
  const auto count = reader.nullable_array("topics", 1);
  // Before version 1 an empty array stands for all topics.
  if (count && (version >= 1 || *count > 0)) {
    request.topics.emplace();
    request.topics->reserve(*count);
    for (std::size_t i = 0; i < *count; ++i) {
      request.topics->push_back(reader.string("topic"));
      reader.tags();
    }
  }
  if (version >= 4) request.may_create = reader.boolean("allow auto topic creation");
  if (version >= 8) {
    std::ignore = reader.boolean("include cluster authorized operations");
    std::ignore = reader.boolean("include topic authorized operations");
  }
  reader.tags();
  return request;
}

namespace {

void write_partition(Writer& writer, std::int16_t version,
                     const MetadataAnswer::Partition& partition) {
  writer.int16(static_cast<std::int16_t>(partition.code));
  writer.int32(partition.index);
  writer.int32(partition.leader);
  if (version >= 7) writer.int32(unknown_leader_epoch);
  // The replicas, and those of them that are in sync: what lies behind a leader is not shown.
  for (int list = 0; list < 2; ++list) {
    writer.array(partition.leader < 0 ? 0 : 1);
    if (partition.leader >= 0) writer.int32(partition.leader);
  }
  if (version >= 5) writer.array(0);  // offline replicas
  writer.tags();
}

}  // namespace

void write_metadata(Writer& writer, std::int16_t version, const MetadataAnswer& answer) {
  if (version >= 3) writer.int32(no_throttle_ms);
  writer.array(answer.brokers.size());
  for (const MetadataAnswer::Broker& broker : answer.brokers) {
    writer.int32(broker.id);
    writer.string(broker.host);
    writer.int32(broker.port);
    if (version >= 1) writer.nullable_string(std::nullopt);  // rack
    writer.tags();
  }
  if (version >= 2) writer.nullable_string(answer.cluster);
  if (version >= 1) writer.int32(answer.controller);
  writer.array(answer.topics.size());
  for (const MetadataAnswer::Topic& topic : answer.topics) {
    writer.int16(static_cast<std::int16_t>(topic.code));
    writer.string(topic.name);
    if (version >= 1) writer.boolean(false);  // is internal
    writer.array(topic.partitions.size());
    for (const auto& partition : topic.partitions) write_partition(writer, version, partition);
    if (version >= 8) writer.int32(unknown_operations);
    writer.tags();
  }
  if (version >= 8) writer.int32(unknown_operations);
  writer.tags();
}

}  // namespace millrace::kafka
