// Errors as HTTP tells them: problem details (RFC 9457) with the code of the error.
#pragma once

#include <string>

#include "cluster/http/message/http_message.hpp"
#include "messages/result.hpp"

namespace millrace::http {

/// The status for `code`: what the caller did wrong is 4xx, what passes is 429 or 503.
[[nodiscard]] int status_of(ErrorCode code);

/// A problem of any status; `code` is that of Millrace, or says what HTTP says.
[[nodiscard]] HttpResponse problem(int status, const std::string& code, const std::string& detail);

/// The problem that `error` is; with Retry-After where asking again later helps.
[[nodiscard]] HttpResponse problem(const Error& error);

/// The reason phrase of a status that the gateway uses.
[[nodiscard]] const char* reason_of(int status);

}  // namespace millrace::http
