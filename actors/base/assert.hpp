// MILLRACE_ASSERT: a broken invariant stops the process, in every build (fail-stop).
#pragma once

#include <source_location>

namespace millrace {

/// Prints what was broken and where to stderr, then aborts. Never returns.
[[noreturn]] void assertion_failed(const char* condition,
                                   std::source_location where = std::source_location::current());

}  // namespace millrace

/// For programmer errors only; a failure of the outside world is a Result.
#define MILLRACE_ASSERT(condition)              \
  do {                                          \
    if (!(condition)) [[unlikely]]              \
      ::millrace::assertion_failed(#condition); \
  } while (false)
