#include "actors/state_store/state_keeper.hpp"

#include <future>
#include <memory>
#include <utility>

namespace millrace::states {

StateKeeper::StateKeeper(StateStore& store, std::function<void(const Error&)> failed,
                         bool has_thread)
    : store_(store), failed_(std::move(failed)) {
  if (has_thread) thread_ = std::thread([this] { run(); });
}

StateKeeper::~StateKeeper() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void StateKeeper::post(Task task) {
  std::unique_lock lock(mutex_);
  if (!thread_.joinable()) return run(task);
  tasks_.push_back(std::move(task));
  lock.unlock();
  changed_.notify_all();
}

void StateKeeper::wait() {
  auto done = std::make_shared<std::promise<void>>();
  auto waited = done->get_future();
  post([done](StateStore&) -> Result<void> {
    done->set_value();
    return {};
  });
  // A keeper that has failed drops the task, and with it the promise.
  done.reset();
  waited.wait();
}

void StateKeeper::run() {
  while (true) {
    Task task;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return stopping_ || !tasks_.empty(); });
      if (tasks_.empty()) return;
      task = std::move(tasks_.front());
      tasks_.pop_front();
    }
    run(task);
  }
}

void StateKeeper::run(const Task& task) {
  if (has_failed_) return;
  const Result<void> done = task(store_);
  if (done) return;
  has_failed_ = true;
  failed_(done.error());
}

}  // namespace millrace::states
