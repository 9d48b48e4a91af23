#include "actors/base/log_queue.hpp"

#include <algorithm>
#include <atomic>
#include <climits>
#include <cstddef>
#include <cstring>

#include <poll.h>
#include <unistd.h>

namespace millrace {
namespace {

std::atomic<void (*)()> flush_function = nullptr;
std::atomic<std::uint64_t (*)()> dropped_function = nullptr;

}  // namespace

void set_log_queue(LogQueue queue) {
  flush_function = queue.flush;
  dropped_function = queue.dropped;
}

void flush_log() {
  if (auto* const flush = flush_function.load()) flush();
}

void write_last_words(const char* text) {
  constexpr int wait_ms = 1'000;
  pollfd one{STDERR_FILENO, POLLOUT, 0};
  if (::poll(&one, 1, wait_ms) == 0) return;
  const std::size_t bytes = std::min<std::size_t>(std::strlen(text), PIPE_BUF);
  [[maybe_unused]] const ssize_t put = ::write(STDERR_FILENO, text, bytes);
}

std::uint64_t log_lines_dropped() {
  auto* const dropped = dropped_function.load();
  return dropped == nullptr ? 0 : dropped();
}

}  // namespace millrace
