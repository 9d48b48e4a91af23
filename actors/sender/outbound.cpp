#include "actors/sender/outbound.hpp"

#include <utility>

namespace millrace::senders {

Result<void> Outbound::become_outbox(std::unique_lock<std::mutex>& lock, OutboundMessage message) {
  if (error_) return *error_;
  ++unconfirmed_;
  inbox_.push_back(std::move(message));
  const bool was_empty = inbox_.size() == 1;
  lock.unlock();
  if (was_empty) wake_();
  return {};
}

Result<void> Outbound::push(OutboundMessage message) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return error_ || unconfirmed_ < window_; });
  return become_outbox(lock, std::move(message));
}

Result<void> Outbound::try_push(OutboundMessage message) {
  std::unique_lock lock(mutex_);
  if (!error_ && unconfirmed_ >= window_) {
    return Error{ErrorCode::backlog_full,
                 "the sender has " + std::to_string(window_) + " messages unconfirmed"};
  }
  return become_outbox(lock, std::move(message));
}

Result<void> Outbound::flush() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return error_ || unconfirmed_ == 0; });
  if (error_) return *error_;
  return {};
}

Result<std::vector<std::uint64_t>> Outbound::wait_ready(std::chrono::microseconds timeout) {
  std::unique_lock lock(mutex_);
  if (!changed_.wait_for(lock, timeout, [this] { return error_ || ready_; })) {
    return Error{ErrorCode::timeout, "the queue did not accept the sender in time"};
  }
  if (error_) return *error_;
  return *ready_;
}

std::vector<OutboundMessage> Outbound::take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(inbox_, {});
}

void Outbound::confirmed(std::uint64_t count) {
  {
    const std::lock_guard lock(mutex_);
    unconfirmed_ -= count;
  }
  changed_.notify_all();
}

void Outbound::ready(std::vector<std::uint64_t> last) {
  {
    const std::lock_guard lock(mutex_);
    ready_ = std::move(last);
  }
  changed_.notify_all();
}

void Outbound::failed(const Error& error) {
  {
    const std::lock_guard lock(mutex_);
    if (error_) return;
    error_ = error;
  }
  changed_.notify_all();
}

}  // namespace millrace::senders
