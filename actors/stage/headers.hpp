// Headers: facts beside a message, such as the trace that it belongs to, or where it came from. They
// stay with the message until it is done, also in retries, dead letters and redrives.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace millrace {

/// Bounds of a message.
constexpr std::size_t headers_max = 32;
constexpr std::size_t headers_bytes_max = 8u << 10;  ///< names and values together
constexpr std::size_t header_name_bytes_max = 128;

/// Inherited by each output and timer of a message, unless it has one of its own:
/// https://www.w3.org/TR/trace-context/#traceparent-header
constexpr const char* traceparent_header = "traceparent";

struct Header {
  std::string name;   ///< 1 to header_name_bytes_max printable characters of ASCII; case counts
  std::string value;  ///< any bytes

  friend bool operator==(const Header&, const Header&) = default;
};

/// Each name once, in the order in which they were set.
using Headers = std::vector<Header>;

}  // namespace millrace
