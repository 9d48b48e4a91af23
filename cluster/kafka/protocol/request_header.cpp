#include "cluster/kafka/protocol/request_header.hpp"

#include <string>

namespace millrace::kafka {

Result<ParsedHeader> parse_request_header(std::string_view frame) {
  Reader reader(frame);
  RequestHeader header;
  const std::int16_t key = reader.int16("request");
  header.key = static_cast<ApiKey>(key);
  header.version = reader.int16("version of the request");
  header.correlation = reader.int32("correlation id");
  if (auto status = reader.status(); !status) return status.error();
  const ApiVersions* const api = versions_of(header.key);
  if (api == nullptr) {
    return Error{ErrorCode::protocol,
                 "request " + std::to_string(key) + " is not one of this server"};
  }
  header.is_known = header.version >= api->min && header.version <= api->max;
  if (!header.is_known) {
    // The rest may be in any encoding; the answer says what is known.
    if (header.key == ApiKey::api_versions && header.version > api->max)
      return ParsedHeader{header};
    return Error{ErrorCode::protocol, "request " + std::to_string(key) + ": expected version " +
                                          std::to_string(api->min) + " to " +
                                          std::to_string(api->max) + ", got " +
                                          std::to_string(header.version)};
  }
  header.encoding = encoding_of(*api, header.version);
  header.client_id = reader.nullable_string("client id").value_or(std::string_view{});
  std::size_t used = reader.position();
  if (header.encoding == Encoding::flexible && !reader.has_failed()) {
    Reader tags(frame.substr(used), Encoding::flexible);
    tags.tags();
    if (auto status = tags.status(); !status) return status.error();
    used += tags.position();
  }
  if (auto status = reader.status(); !status) return status.error();
  return ParsedHeader{header, frame.substr(used)};
}

void begin_answer(Writer& writer, const RequestHeader& header) {
  writer.int32(0);
  writer.int32(header.correlation);
  // A client that asks for the versions cannot know the encoding yet.
  if (header.key != ApiKey::api_versions) writer.tags();
}

void finish_answer(Writer& writer, std::size_t bytes_behind) {
  writer.set_uint32(0, static_cast<std::uint32_t>(writer.size() - 4 + bytes_behind));
}

}  // namespace millrace::kafka
