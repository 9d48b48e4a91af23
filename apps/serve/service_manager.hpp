// ServiceManager: what a node tells systemd about itself; nothing where it was started otherwise.
// See sd_notify(3).
#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace millrace::serve {

class ServiceManager {
 public:
  ServiceManager();

  /// It serves.
  void ready(const std::string& status);
  /// It drains, and will have ended within `timeout`.
  void stopping(std::chrono::microseconds timeout);
  /// It is alive. To be told more often than each `watchdog()`.
  void alive();

  /// Silence after which systemd kills the node; none: it does not watch.
  [[nodiscard]] std::optional<std::chrono::microseconds> watchdog() const { return watchdog_; }

 private:
  std::optional<std::chrono::microseconds> watchdog_;
};

}  // namespace millrace::serve
