// Signals: receives signals synchronously on one thread, instead of in signal handlers.
#pragma once

#include <chrono>
#include <csignal>
#include <optional>

namespace millrace::serve {

/// Blocks SIGTERM, SIGINT (stop), SIGHUP (reload the configuration) and SIGUSR1 (reopen logs) in
/// this thread and all threads started later. REQUIRES: created before any other thread.
class Signals {
 public:
  Signals();

  /// Blocks until a signal arrives; nullopt after `span`.
  [[nodiscard]] std::optional<int> wait(std::chrono::milliseconds span) const;

 private:
  sigset_t set_{};
};

}  // namespace millrace::serve
