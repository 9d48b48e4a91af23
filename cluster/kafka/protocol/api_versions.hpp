// ApiVersions: which requests a broker takes; the first thing that most clients ask.
#pragma once

#include <string_view>

#include "cluster/kafka/protocol/code.hpp"
#include "cluster/kafka/wire/reader.hpp"
#include "cluster/kafka/wire/writer.hpp"

namespace millrace::kafka {

struct ApiVersionsRequest {
  std::string_view software{};  ///< of the client; empty: not said
  std::string_view software_version{};
};

[[nodiscard]] ApiVersionsRequest read_api_versions(Reader& reader, std::int16_t version);

/// Writes the table. For a version that is not known: as version 0, with unsupported_version.
void write_api_versions(Writer& writer, std::int16_t version, Code code);

}  // namespace millrace::kafka
