// Signals as something to wait for, on one thread, instead of something that happens anywhere.
#pragma once

#include <chrono>
#include <csignal>
#include <optional>

namespace millrace::serve {

/// SIGTERM and SIGINT (end), SIGHUP (read the configuration again) and SIGUSR1 (open logs anew).
/// Made before any other thread, so that all have them blocked.
class Signals {
 public:
  Signals();

  /// The next of them; nothing when none comes within `span`.
  [[nodiscard]] std::optional<int> wait(std::chrono::milliseconds span) const;

 private:
  sigset_t set_{};
};

}  // namespace millrace::serve
