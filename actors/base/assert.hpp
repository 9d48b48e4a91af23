// MILLRACE_ASSERT: stops the process if an invariant is broken, in every build (fail-stop).
#pragma once

namespace millrace {

/// Prints `condition` and the place in the source to stderr, then aborts. Any thread.
/// File, line and function are separate because clang 14 has no std::source_location.
[[noreturn]] void assertion_failed(const char* condition, const char* file, int line,
                                   const char* function);

}  // namespace millrace

/// For programming errors only; an operating error is a Result. Evaluates `condition` once.
#define MILLRACE_ASSERT(condition)                                            \
  do {                                                                        \
    if (!(condition)) [[unlikely]]                                            \
      ::millrace::assertion_failed(#condition, __FILE__, __LINE__, __func__); \
  } while (false)
