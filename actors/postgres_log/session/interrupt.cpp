#include "actors/postgres_log/session/interrupt.hpp"

#include <cstdint>

#include <sys/eventfd.h>
#include <unistd.h>

#include "actors/base/assert.hpp"

namespace millrace::postgres_log {

Interrupt::Interrupt() : fd_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  MILLRACE_ASSERT(fd_ >= 0);
}

Interrupt::~Interrupt() {
  close(fd_);
}

void Interrupt::raise() {
  if (is_raised_.exchange(true)) return;
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = write(fd_, &one, sizeof one);
}

void Interrupt::clear() {
  std::uint64_t count = 0;
  [[maybe_unused]] const auto got = read(fd_, &count, sizeof count);
  is_raised_.store(false, std::memory_order_release);
}

}  // namespace millrace::postgres_log
