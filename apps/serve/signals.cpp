#include "apps/serve/signals.hpp"

#include <ctime>

namespace millrace::serve {

Signals::Signals() {
  sigemptyset(&set_);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGUSR1}) sigaddset(&set_, signal);
  pthread_sigmask(SIG_BLOCK, &set_, nullptr);
}

std::optional<int> Signals::wait(std::chrono::milliseconds span) const {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(span);
  const timespec left{seconds.count(), std::chrono::nanoseconds(span - seconds).count()};
  const int signal = sigtimedwait(&set_, nullptr, &left);
  if (signal > 0) return signal;
  return std::nullopt;
}

}  // namespace millrace::serve
