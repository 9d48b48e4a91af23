// parse_head: the head of a request, by the HTTP library, and stricter where the library is
// lenient.
#pragma once

#include <string_view>
#include <variant>

#include "cluster/http/message/http_message.hpp"

namespace millrace::http {

struct ParsedHead {
  HttpRequest request{};  ///< without peer and body
  bool is_http_1_0 = false;
  bool keeps_alive = false;       ///< the client takes another answer on this connection
  bool expects_continue = false;  ///< it waits for "100 Continue" before it sends the body
};

/// Parses `head`, which ends with the first blank line. A refusal stands for a head that another
/// reader might take for something else, or that this server does not serve: the connection must be
/// closed after it, as nobody knows where the next request begins.
///
/// Refused with 400: what the library refuses (bare CR or LF, NUL and other control characters,
/// blanks around names), folded fields, fields above field_bytes_max, a Content-Length that is no
/// plain number or stands there twice, no Host or two, a version other than 1.0 and 1.1. Refused
/// with 431, 411 (Transfer-Encoding), 413 (a length above 64 bits), 415 (Content-Encoding), 417
/// (Expect).
[[nodiscard]] std::variant<ParsedHead, HttpResponse> parse_head(std::string_view head);

/// Whether `text` may be the value of a Host field: a name or an address, and a port or none.
[[nodiscard]] bool is_host_field(std::string_view text);

}  // namespace millrace::http
