#include "actors/base/assert.hpp"

#include <array>
#include <cstdio>
#include <cstdlib>

#include "actors/base/log_queue.hpp"

namespace millrace {

void assertion_failed(const char* condition, const char* file, int line, const char* function) {
  flush_log();
  std::array<char, 2'048> text{};
  std::snprintf(text.data(), text.size(), "millrace: broken invariant: %s\n  at %s:%d in %s\n",
                condition, file, line, function);
  write_last_words(text.data());
  std::abort();
}

}  // namespace millrace
