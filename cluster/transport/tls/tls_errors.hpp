// What OpenSSL has to say about the call that just failed.
#pragma once

#include <string>

#include <openssl/err.h>

namespace millrace::transport {

/// Empties this thread's queue of errors; the text of the last one.
inline std::string last_tls_error() {
  std::string text;
  while (const unsigned long code = ERR_get_error()) {
    const char* const reason = ERR_reason_error_string(code);
    text = reason != nullptr ? reason : "error " + std::to_string(code);
  }
  return text.empty() ? "the connection was closed" : text;
}

}  // namespace millrace::transport
