#include "cluster/kafka/protocol/join_group.hpp"

#include "cluster/kafka/protocol/fields.hpp"

namespace millrace::kafka {

JoinGroupRequest read_join_group(Reader& reader, std::int16_t version) {
  JoinGroupRequest request;
  request.group = reader.string("group");
  request.session_timeout_ms = reader.int32("session timeout");
  request.rebalance_timeout_ms =
      version >= 1 ? reader.int32("rebalance timeout") : request.session_timeout_ms;
  request.member = reader.string("member");
  if (version >= 5) request.instance = reader.nullable_string("group instance id");
  request.protocol_type = reader.string("protocol type");
  request.protocols.resize(reader.array("protocols", 6));
  for (JoinGroupRequest::Protocol& protocol : request.protocols) {
    protocol.name = reader.string("protocol");
    protocol.metadata = reader.bytes("metadata");
  }
  return request;
}

void write_join_group(Writer& writer, std::int16_t version, const JoinGroupAnswer& answer) {
  if (version >= 2) writer.int32(no_throttle_ms);
  writer.int16(static_cast<std::int16_t>(answer.code));
  writer.int32(answer.generation);
  writer.string(answer.protocol);
  writer.string(answer.leader);
  writer.string(answer.member);
  writer.array(answer.members.size());
  for (const JoinGroupAnswer::Member& member : answer.members) {
    writer.string(member.id);
    if (version >= 5) writer.nullable_string(member.instance);
    writer.bytes(member.metadata);
  }
}

}  // namespace millrace::kafka
