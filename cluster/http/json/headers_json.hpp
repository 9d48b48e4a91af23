// Headers of messages in JSON: an object of texts.
#pragma once

#include <string>
#include <string_view>

#include "actors/stage/headers.hpp"
#include "cluster/http/json/views_json.hpp"
#include "messages/envelope.pb.h"
#include "messages/result.hpp"

namespace millrace::http {

/// Reads an object of texts. Fails with wrong_body(). Bounds are checked where the message is offered.
/// REQUIRES: `value` is JSON.
[[nodiscard]] Result<Headers> headers_of(std::string_view value, const std::string& place);

/// What is no UTF-8 in a value is shown as U+FFFD, by dump().
[[nodiscard]] Json headers_json(const pb::Envelope& envelope);

/// Whether `text` is a `traceparent` as W3C Trace Context (2021), section 3.2 says. One that is not must be
/// ignored.
[[nodiscard]] bool is_traceparent(std::string_view text);

}  // namespace millrace::http
