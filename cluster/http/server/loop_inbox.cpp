#include "cluster/http/server/loop_inbox.hpp"

#include <utility>

namespace millrace::http {

void LoopInbox::post(LoopEvent event) {
  const std::lock_guard lock(mutex_);
  if (waker_ == nullptr) return;
  events_.push_back(std::move(event));
  if (events_.size() == 1) waker_->wake_loop();
}

std::vector<LoopEvent> LoopInbox::take_all() {
  const std::lock_guard lock(mutex_);
  return std::exchange(events_, {});
}

void LoopInbox::close() {
  std::vector<LoopEvent> dropped;
  const std::lock_guard lock(mutex_);
  waker_ = nullptr;
  dropped.swap(events_);
}

void StreamWaker::wake() const {
  if (inbox_) inbox_->post({connection_, exchange_, StreamNews{}});
}

}  // namespace millrace::http
