#include "cluster/kafka/protocol/list_groups.hpp"

#include "cluster/kafka/protocol/fields.hpp"

namespace millrace::kafka {

void write_list_groups(Writer& writer, std::int16_t version, Code code,
                       const std::vector<ListedGroup>& groups) {
  if (version >= 1) writer.int32(no_throttle_ms);
  writer.int16(static_cast<std::int16_t>(code));
  writer.array(groups.size());
  for (const ListedGroup& group : groups) {
    writer.string(group.name);
    writer.string(group.protocol_type);
  }
}

}  // namespace millrace::kafka
