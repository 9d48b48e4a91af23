#include "actors/base/assert.hpp"

#include <cstdio>
#include <cstdlib>

namespace millrace {

void assertion_failed(const char* condition, const char* file, int line, const char* function) {
  std::fprintf(stderr, "millrace: broken invariant: %s\n  at %s:%d in %s\n", condition, file, line,
               function);
  std::abort();
}

}  // namespace millrace
