#include "actors/state_store/state_keeper.hpp"

#include <chrono>
#include <future>
#include <memory>
#include <utility>

namespace millrace::states {
namespace {

constexpr std::chrono::milliseconds room_poll{200};

}  // namespace

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

bool StateKeeper::wait() {
  // Its destructor tells that the task is gone, whether it was run or not.
  struct Mark {
    std::promise<bool> done{};
    bool has_run = false;
    ~Mark() { done.set_value(has_run); }
  };
  auto mark = std::make_shared<Mark>();
  auto waited = mark->done.get_future();
  post([mark = std::move(mark)](StateStore&) -> Result<void> {
    mark->has_run = true;
    return {};
  });
  return waited.get();
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
  Result<void> done = task(store_);
  while (!done && done.error().code == ErrorCode::storage_full && wait_for_room()) {
    done = task(store_);
  }
  waits_for_room_ = false;
  if (done) return;
  has_failed_ = true;
  if (done.error().code != ErrorCode::storage_full) failed_(done.error());
}

bool StateKeeper::wait_for_room() {
  waits_for_room_ = true;
  if (!thread_.joinable()) return false;
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, room_poll, [this] { return stopping_; });
  return !stopping_;
}

}  // namespace millrace::states
