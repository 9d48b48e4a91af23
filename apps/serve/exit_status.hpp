// The exit status of a node that ends with an error. docs/operations.md has the table, and supervisors rely on it: 78 is
// not started again, 75 is, at once.
#pragma once

#include <cstdlib>

#include <sysexits.h>

#include "messages/error_code.hpp"

namespace millrace::serve {

/// EX_CONFIG: a start again would fail in the same way until somebody changes the configuration or moves data.
/// EX_TEMPFAIL: another process is this node now. EXIT_FAILURE: anything else.
[[nodiscard]] constexpr int exit_status_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::
        invalid_argument:      // a mistake that only the program can detect, also of a server
    case ErrorCode::outdated:  // the log has moved elsewhere, or this is an older copy of it
    case ErrorCode::unsupported_version:  // of the data, or of the server
    case ErrorCode::foreign_file:         // the directory or the schema is of somebody else
      return EX_CONFIG;
    case ErrorCode::fenced:
      return EX_TEMPFAIL;
    default:
      return EXIT_FAILURE;
  }
}

}  // namespace millrace::serve
