#include "cluster/kafka/protocol/heartbeat.hpp"

#include "cluster/kafka/protocol/fields.hpp"

namespace millrace::kafka {

HeartbeatRequest read_heartbeat(Reader& reader, std::int16_t version) {
  HeartbeatRequest request;
  request.group = reader.string("group");
  request.generation = reader.int32("generation");
  request.member = reader.string("member");
  if (version >= 3) request.instance = reader.nullable_string("group instance id");
  return request;
}

void write_heartbeat(Writer& writer, std::int16_t version, Code code) {
  if (version >= 1) writer.int32(no_throttle_ms);
  writer.int16(static_cast<std::int16_t>(code));
}

}  // namespace millrace::kafka
