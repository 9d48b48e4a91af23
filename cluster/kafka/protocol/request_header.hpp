// RequestHeader: what each request begins with, and what its answer begins with.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "cluster/kafka/protocol/api.hpp"
#include "cluster/kafka/wire/reader.hpp"
#include "cluster/kafka/wire/writer.hpp"
#include "messages/result.hpp"

namespace millrace::kafka {

struct RequestHeader {
  ApiKey key{};
  std::int16_t version = 0;
  std::int32_t correlation = 0;  ///< chosen by the client, which finds it in the answer
  std::string_view client_id{};  ///< empty: none
  Encoding encoding = Encoding::plain;
  /// The version is one that this server knows. Only api_versions may be answered otherwise.
  bool is_known = true;
};

struct ParsedHeader {
  RequestHeader header{};
  std::string_view body{};  ///< the rest of the frame
};

/// Reads the header of the request in `frame`. Fails with `protocol` if it is malformed, or names a
/// request or a version that is not in api_table(), unless it is a later version of api_versions.
[[nodiscard]] Result<ParsedHeader> parse_request_header(std::string_view frame);

/// Begins the answer: its length, to be filled in by finish_answer(), and the header.
void begin_answer(Writer& writer, const RequestHeader& header);
/// Sets the length of the answer, of which `writer` holds the front, and `bytes_behind` follow.
void finish_answer(Writer& writer, std::size_t bytes_behind = 0);

}  // namespace millrace::kafka
