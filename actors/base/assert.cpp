#include "actors/base/assert.hpp"

#include <cstdio>
#include <cstdlib>

namespace millrace {

void assertion_failed(const char* condition, std::source_location where) {
  std::fprintf(stderr, "millrace: broken invariant: %s\n  at %s:%u in %s\n", condition,
               where.file_name(), static_cast<unsigned>(where.line()), where.function_name());
  std::abort();
}

}  // namespace millrace
