// A request and its answer, as the routes see them; no library's types, no sockets.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "messages/result.hpp"

namespace millrace::http {

struct HttpRequest {
  std::string method;
  std::string target;               ///< as it came
  std::vector<std::string> path{};  ///< decoded segments of the target
  std::map<std::string, std::string> query{};
  std::string authorization{};
  std::string content_type{};
  std::string idempotency_key{};
  std::uint64_t content_length = 0;
  bool is_from_loopback = true;
  std::string body{};
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "application/json";
  std::string body{};
  std::vector<std::pair<std::string, std::string>> headers{};
  bool is_event_stream = false;  ///< the server sends the events that come from now on
};

/// Takes a target apart: segments between slashes are decoded one by one, so that an encoded slash
/// stays within its segment. Fails with `invalid_argument`: no path, empty or dotted segments, bad
/// escapes, control characters.
[[nodiscard]] Result<void> parse_target(HttpRequest& request);

/// The bytes that "%41" and the like stand for; nullopt where an escape is none, or stands for a
/// control character.
[[nodiscard]] std::optional<std::string> decode_escapes(std::string_view text);

/// `text` with all but unreserved characters escaped (RFC 3986).
[[nodiscard]] std::string encode_segment(std::string_view text);

}  // namespace millrace::http
