#include "cluster/kafka/server/loop.hpp"

namespace millrace::kafka {

void Mailbox::post(Task task) {
  const std::lock_guard lock(mutex_);
  if (waker_ == nullptr) return;
  tasks_.push_back(std::move(task));
  if (tasks_.size() == 1) waker_->wake_loop();
}

std::vector<Task> Mailbox::take_all() {
  const std::lock_guard lock(mutex_);
  return std::exchange(tasks_, {});
}

void Mailbox::close() {
  std::vector<Task> dropped;  // destroyed without the lock: a task may hold what posts
  const std::lock_guard lock(mutex_);
  waker_ = nullptr;
  dropped.swap(tasks_);
}

Loop::TimerId TimerQueue::add(SteadyTime time, Task task) {
  const Loop::TimerId id{time, ++last_number_};
  tasks_.emplace(id, std::move(task));
  return id;
}

Task TimerQueue::take_due(SteadyTime now) {
  if (tasks_.empty() || earliest() > now) return nullptr;
  return std::move(tasks_.extract(tasks_.begin()).mapped());
}

}  // namespace millrace::kafka
