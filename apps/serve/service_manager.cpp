#include "apps/serve/service_manager.hpp"

#include <systemd/sd-daemon.h>

namespace millrace::serve {

ServiceManager::ServiceManager() {
  std::uint64_t watchdog_us = 0;
  if (sd_watchdog_enabled(0, &watchdog_us) > 0) {
    watchdog_ = std::chrono::microseconds(watchdog_us);
  }
}

void ServiceManager::ready(const std::string& status) {
  sd_notify(0, ("READY=1\nSTATUS=" + status).c_str());
}

void ServiceManager::stopping(std::chrono::microseconds timeout) {
  sd_notify(0,
            ("STOPPING=1\nSTATUS=draining\nEXTEND_TIMEOUT_USEC=" + std::to_string(timeout.count()))
                .c_str());
}

void ServiceManager::alive() {
  sd_notify(0, "WATCHDOG=1");
}

}  // namespace millrace::serve
