#include "cluster/kafka/protocol/find_coordinator.hpp"

#include "cluster/kafka/protocol/fields.hpp"

namespace millrace::kafka {

FindCoordinatorRequest read_find_coordinator(Reader& reader, std::int16_t version) {
  FindCoordinatorRequest request;
  request.key = reader.string("key");
  if (version >= 1) request.is_of_group = reader.int8("key type") == 0;
  return request;
}

void write_find_coordinator(Writer& writer, std::int16_t version,
                            const FindCoordinatorAnswer& answer) {
  if (version >= 1) writer.int32(no_throttle_ms);
  writer.int16(static_cast<std::int16_t>(answer.code));
  if (version >= 1) writer.nullable_string(answer.message);
  writer.int32(answer.id);
  writer.string(answer.host);
  writer.int32(answer.port);
}

}  // namespace millrace::kafka
