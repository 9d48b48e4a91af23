#include "actors/stage/pending.hpp"

namespace millrace::pipelines {

void PendingCall::start(std::shared_ptr<LeaseControl> lease, std::function<void()> ready) {
  {
    const std::lock_guard lock(mutex_);
    lease_ = std::move(lease);
    if (!is_done_) {
      ready_ = std::move(ready);
      return;
    }
  }
  ready();
}

void PendingCall::end() {
  const std::lock_guard lock(mutex_);
  has_ended_ = true;
  lease_.reset();
  ready_ = nullptr;
}

bool PendingCall::is_cancelled() const {
  const std::lock_guard lock(mutex_);
  if (lease_ == nullptr) return has_ended_;
  return lease_->now_us() > lease_->lease_until_us();
}

void PendingCall::extend(std::chrono::microseconds by) {
  const std::lock_guard lock(mutex_);
  if (lease_ != nullptr) lease_->extend(to_us(by));
}

void PendingCall::finish(const std::function<void()>& store) {
  std::function<void()> ready;
  {
    const std::lock_guard lock(mutex_);
    if (is_done_ || has_ended_) return;
    store();
    is_done_ = true;
    ready = std::exchange(ready_, nullptr);
  }
  if (ready) ready();
}

}  // namespace millrace::pipelines
