#include "cluster/kafka/protocol/describe_groups.hpp"

#include <tuple>

#include "cluster/kafka/protocol/fields.hpp"

namespace millrace::kafka {

DescribeGroupsRequest read_describe_groups(Reader& reader, std::int16_t version) {
  DescribeGroupsRequest request;
  request.groups.resize(reader.array("groups", 2));
  for (std::string_view& group : request.groups) group = reader.string("group");
  if (version >= 3) std::ignore = reader.boolean("include authorized operations");
  return request;
}

void write_describe_groups(Writer& writer, std::int16_t version,
                           const std::vector<DescribedGroup>& groups) {
  if (version >= 1) writer.int32(no_throttle_ms);
  writer.array(groups.size());
  for (const DescribedGroup& group : groups) {
    writer.int16(static_cast<std::int16_t>(group.code));
    writer.string(group.name);
    writer.string(group.state);
    writer.string(group.protocol_type);
    writer.string(group.protocol);
    writer.array(group.members.size());
    for (const DescribedGroup::Member& member : group.members) {
      writer.string(member.id);
      if (version >= 4) writer.nullable_string(member.instance);
      writer.string(member.client_id);
      writer.string(member.client_host);
      writer.bytes(member.metadata);
      writer.bytes(member.assignment);
    }
    if (version >= 3) writer.int32(unknown_operations);
  }
}

}  // namespace millrace::kafka
