// MILLRACE_ASSERT: a broken invariant stops the process, in every build (fail-stop).
#pragma once

namespace millrace {

/// Prints what was broken and where to stderr, then aborts. Never returns.
/// Takes the place apart, as clang 14 has no std::source_location.
[[noreturn]] void assertion_failed(const char* condition, const char* file, int line,
                                   const char* function);

}  // namespace millrace

/// For programmer errors only; a failure of the outside world is a Result.
#define MILLRACE_ASSERT(condition)                                            \
  do {                                                                        \
    if (!(condition)) [[unlikely]]                                            \
      ::millrace::assertion_failed(#condition, __FILE__, __LINE__, __func__); \
  } while (false)
