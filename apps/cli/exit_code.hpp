// What the program tells the shell.
#pragma once

#include "messages/error_code.hpp"

namespace millrace::cli {

enum ExitCode : int {
  exit_ok = 0,
  exit_failed = 1,
  exit_usage = 2,
  exit_unreachable = 3,
  exit_negative = 4,  ///< the verdict is: broken, not healthy
  exit_config = 78,
  exit_signal = 128,  ///< and the number of the signal that interrupted a run
};

/// A bad flag is the caller's mistake; a node may not be there; everything else failed.
[[nodiscard]] constexpr ExitCode exit_code_of(ErrorCode code) {
  if (code == ErrorCode::unreachable) return exit_unreachable;
  return code == ErrorCode::invalid_argument ? exit_usage : exit_failed;
}

}  // namespace millrace::cli
