#include "cluster/kafka/protocol/sync_group.hpp"

#include "cluster/kafka/protocol/fields.hpp"

namespace millrace::kafka {

SyncGroupRequest read_sync_group(Reader& reader, std::int16_t version) {
  SyncGroupRequest request;
  request.group = reader.string("group");
  request.generation = reader.int32("generation");
  request.member = reader.string("member");
  if (version >= 3) request.instance = reader.nullable_string("group instance id");
  request.assignments.resize(reader.array("assignments", 6));
  for (SyncGroupRequest::Assignment& assignment : request.assignments) {
    assignment.member = reader.string("assigned member");
    assignment.assignment = reader.bytes("assignment");
  }
  return request;
}

void write_sync_group(Writer& writer, std::int16_t version, const SyncGroupAnswer& answer) {
  if (version >= 1) writer.int32(no_throttle_ms);
  writer.int16(static_cast<std::int16_t>(answer.code));
  writer.bytes(answer.assignment);
}

}  // namespace millrace::kafka
