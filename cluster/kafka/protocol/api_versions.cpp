#include "cluster/kafka/protocol/api_versions.hpp"

#include "cluster/kafka/protocol/api.hpp"

namespace millrace::kafka {

ApiVersionsRequest read_api_versions(Reader& reader, std::int16_t version) {
  ApiVersionsRequest request;
  if (version < 3) return request;
  request.software = reader.string("client software name");
  request.software_version = reader.string("client software version");
  reader.tags();
  return request;
}

void write_api_versions(Writer& writer, std::int16_t version, Code code) {
  writer.int16(static_cast<std::int16_t>(code));
  const auto table = api_table();
  writer.array(table.size());
  for (const ApiVersions& api : table) {
    writer.int16(static_cast<std::int16_t>(api.key));
    writer.int16(api.min);
    writer.int16(api.max);
    writer.tags();
  }
  if (version >= 1) writer.int32(0);  // throttle time
  writer.tags();
}

}  // namespace millrace::kafka
