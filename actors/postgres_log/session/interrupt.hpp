// Interrupt: ends waits on sockets from another thread.
#pragma once

#include <atomic>

namespace millrace::postgres_log {

/// A descriptor that becomes readable. Any thread may call any function.
class Interrupt {
 public:
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  /// Ends all waits, now and from now on, until clear().
  void raise();
  /// For an interrupt that only wakes: the next wait waits again. REQUIRES: one thread waits.
  void clear();
  [[nodiscard]] bool is_raised() const { return is_raised_.load(std::memory_order_acquire); }
  [[nodiscard]] int fd() const { return fd_; }

 private:
  const int fd_;
  std::atomic<bool> is_raised_ = false;
};

}  // namespace millrace::postgres_log
