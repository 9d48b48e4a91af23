#include "cluster/kafka/protocol/delete_groups.hpp"

#include "cluster/kafka/protocol/fields.hpp"

namespace millrace::kafka {

DeleteGroupsRequest read_delete_groups(Reader& reader, std::int16_t /*version*/) {
  DeleteGroupsRequest request;
  request.groups.resize(reader.array("groups", 2));
  for (std::string_view& group : request.groups) group = reader.string("group");
  return request;
}

void write_delete_groups(Writer& writer, std::int16_t /*version*/,
                         const std::vector<DeleteGroupsAnswer>& groups) {
  writer.int32(no_throttle_ms);
  writer.array(groups.size());
  for (const DeleteGroupsAnswer& each : groups) {
    writer.string(each.group);
    writer.int16(static_cast<std::int16_t>(each.code));
  }
}

}  // namespace millrace::kafka
