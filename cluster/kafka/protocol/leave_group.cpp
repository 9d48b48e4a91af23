#include "cluster/kafka/protocol/leave_group.hpp"

#include "cluster/kafka/protocol/fields.hpp"

namespace millrace::kafka {

LeaveGroupRequest read_leave_group(Reader& reader, std::int16_t /*version*/) {
  LeaveGroupRequest request;
  request.group = reader.string("group");
  request.member = reader.string("member");
  return request;
}

void write_leave_group(Writer& writer, std::int16_t version, Code code) {
  if (version >= 1) writer.int32(no_throttle_ms);
  writer.int16(static_cast<std::int16_t>(code));
}

}  // namespace millrace::kafka
