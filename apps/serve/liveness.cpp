#include "apps/serve/liveness.hpp"

#include <utility>

#include <spdlog/spdlog.h>

namespace millrace::serve {

Liveness::Liveness(Options options) : options_(std::move(options)), thread_([this] { run(); }) {}

Liveness::~Liveness() {
  end();
  thread_.join();
}

void Liveness::end() {
  {
    const std::lock_guard lock(mutex_);
    is_ending_ = true;
  }
  changed_.notify_all();
}

void Liveness::run() {
  std::unique_lock lock(mutex_);
  while (!changed_.wait_for(lock, options_.interval, [this] { return is_ending_; })) {
    lock.unlock();
    const std::vector<std::string> silent = options_.silent_queues();
    lock.lock();
    if (is_ending_) return;  // the actors end too, and answer no more
    judge(silent);
  }
}

void Liveness::judge(const std::vector<std::string>& silent) {
  if (silent.empty()) {
    if (std::exchange(was_silent_, false)) spdlog::info("all queues answer again");
    options_.alive();
    return;
  }
  if (std::exchange(was_silent_, true)) return;
  std::string names;
  for (const std::string& name : silent) names += (names.empty() ? "" : ", ") + name;
  spdlog::warn(
      "no answer from queues {}: handlers that do not return hold the threads, or the node "
      "is overloaded; the watchdog is not reset meanwhile",
      names);
}

}  // namespace millrace::serve
