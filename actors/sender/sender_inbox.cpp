#include "actors/sender/sender_inbox.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "messages/envelope.hpp"

namespace millrace::senders {
namespace {

// Longer waits could not be added to the present time.
constexpr std::chrono::milliseconds wait_max = std::chrono::hours(24 * 365);

}  // namespace

bool SenderInbox::fits(const UnsentMessage& message) const {
  if (unconfirmed_ == 0) return true;
  return unconfirmed_ < window_.messages && unconfirmed_bytes_ < window_.bytes &&
         message.bytes <= window_.bytes - unconfirmed_bytes_;
}

Result<void> SenderInbox::add(std::unique_lock<std::mutex>& lock, UnsentMessage message) {
  if (error_) return *error_;
  if (is_closed_) return Error{ErrorCode::draining, "the sender is closed"};
  ++unconfirmed_;
  unconfirmed_bytes_ += message.bytes;
  inbox_.push_back(std::move(message));
  const bool was_empty = inbox_.size() == 1;
  lock.unlock();
  if (was_empty) wake_();
  return {};
}

Result<void> SenderInbox::push(UnsentMessage message) {
  message.bytes = bytes_of(*message.envelope);
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return error_ || is_closed_ || fits(message); });
  return add(lock, std::move(message));
}

Result<void> SenderInbox::try_push(UnsentMessage message) {
  message.bytes = bytes_of(*message.envelope);
  std::unique_lock lock(mutex_);
  if (!error_ && !is_closed_ && !fits(message)) {
    return Error{ErrorCode::backlog_full, "the sender has " + std::to_string(unconfirmed_) +
                                              " messages of " + std::to_string(unconfirmed_bytes_) +
                                              " bytes unconfirmed"};
  }
  return add(lock, std::move(message));
}

Result<void> SenderInbox::flush() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return error_ || unconfirmed_ == 0; });
  if (error_) return *error_;
  return {};
}

Result<std::vector<std::uint64_t>> SenderInbox::wait_ready(std::chrono::microseconds timeout) {
  std::unique_lock lock(mutex_);
  if (!changed_.wait_for(lock, timeout, [this] { return error_ || ready_; })) {
    return Error{ErrorCode::timeout, "the queue did not accept the sender in time"};
  }
  if (error_) return *error_;
  return *ready_;
}

void SenderInbox::close() {
  {
    const std::lock_guard lock(mutex_);
    if (error_ || std::exchange(is_closed_, true)) return;
  }
  changed_.notify_all();
  wake_();
}

Result<void> SenderInbox::close_and_wait(std::chrono::milliseconds within) {
  close();
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, std::clamp(within, std::chrono::milliseconds(0), wait_max),
                    [this] { return error_ || unconfirmed_ == 0; });
  // The sender of a closed inbox ends, and fails it, when everything is durable.
  if (unconfirmed_ == 0) return {};
  if (error_) return *error_;
  return Error{ErrorCode::timeout, std::to_string(unconfirmed_) +
                                       " messages of the sender are not durable yet; it goes on "
                                       "offering them"};
}

bool SenderInbox::is_done() {
  const std::lock_guard lock(mutex_);
  return is_closed_ && unconfirmed_ == 0;
}

std::vector<UnsentMessage> SenderInbox::take_all() {
  const std::lock_guard lock(mutex_);
  return std::exchange(inbox_, {});
}

void SenderInbox::confirm(std::uint64_t count, std::uint64_t bytes) {
  {
    const std::lock_guard lock(mutex_);
    unconfirmed_ -= count;
    unconfirmed_bytes_ -= bytes;
  }
  changed_.notify_all();
}

void SenderInbox::set_ready(std::vector<std::uint64_t> last) {
  {
    const std::lock_guard lock(mutex_);
    ready_ = std::move(last);
  }
  changed_.notify_all();
}

void SenderInbox::fail(const Error& error) {
  {
    const std::lock_guard lock(mutex_);
    if (error_) return;
    error_ = error;
  }
  changed_.notify_all();
}

}  // namespace millrace::senders
