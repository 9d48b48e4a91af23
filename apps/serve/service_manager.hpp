// ServiceManager: notifies systemd of the state of the node, see sd_notify(3). Without systemd all
// calls do nothing.
#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace millrace::serve {

class ServiceManager {
 public:
  ServiceManager();

  /// The node serves. `status`: shown by systemctl status.
  void ready(const std::string& status);
  /// The node drains and will end within `timeout`.
  void stopping(std::chrono::microseconds timeout);
  /// Resets the watchdog. Call at intervals shorter than watchdog().
  void alive();

  /// Time without alive() after which systemd kills the node; nullopt: no watchdog.
  [[nodiscard]] std::optional<std::chrono::microseconds> watchdog() const { return watchdog_; }

 private:
  std::optional<std::chrono::microseconds> watchdog_;
};

}  // namespace millrace::serve
