// Exit codes of the program. docs and scripts rely on the values: do not change them.
#pragma once

#include "messages/error_code.hpp"

namespace millrace::cli {

enum ExitCode : int {
  exit_ok = 0,
  exit_failed = 1,
  exit_usage = 2,
  exit_unreachable = 3,
  exit_negative = 4,  ///< the command ran, with a negative result: not ready, broken invariant
  exit_config = 78,   ///< errors in the configuration
  exit_signal = 128,  ///< plus the number of the signal that interrupted a run
};

/// Maps `invalid_argument` to exit_usage, `unreachable` to exit_unreachable, every other code to
/// exit_failed.
[[nodiscard]] constexpr ExitCode exit_code_of(ErrorCode code) {
  if (code == ErrorCode::unreachable) return exit_unreachable;
  return code == ErrorCode::invalid_argument ? exit_usage : exit_failed;
}

}  // namespace millrace::cli
