#include "cluster/http/handler/work_pool.hpp"

#include <exception>
#include <utility>

#include "actors/base/assert.hpp"
#include "cluster/http/message/problem.hpp"

namespace millrace::http {
namespace {

constexpr std::array first_lane{Lane::brief, Lane::waiting, Lane::bulky, Lane::lasting};
// The last three together leave two threads for brief work.
constexpr std::array<std::size_t, 4> threads_max{WorkPool::threads, 4, 2, 2};

}  // namespace

void run_handler(HttpHandler& handler, Work work) {
  if (!work.pending->try_start()) return;
  const Responder responder(work.pending);
  try {
    handler.handle(std::move(work.request), responder);
  } catch (const std::exception& error) {
    responder.complete(problem(500, "internal", error.what()));
  }
}

WorkPool::WorkPool(HttpHandler& handler) : handler_(handler) {
  for (std::size_t i = 0; i < lines_.size(); ++i) lines_[i].running_max = threads_max[i];
  for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
}

void WorkPool::run(Lane lane, Work work) {
  MILLRACE_ASSERT(lane >= first_lane.front());
  std::unique_lock lock(mutex_);
  if (is_stopping_) return;
  lines_[static_cast<std::size_t>(lane) - static_cast<std::size_t>(first_lane.front())]
      .waiting.push_back(std::move(work));
  wake_one(lock);
}

/// Wakes a thread for a request that can begin. One at a time: a thread that wakes takes a request, and
/// wakes the next one if there are more. To wake a thread costs more than most requests.
void WorkPool::wake_one(std::unique_lock<std::mutex>& lock) {
  if (is_waking_ || idle_ == 0 || next_line() == nullptr) return;
  is_waking_ = true;
  lock.unlock();
  changed_.notify_one();
}

WorkPool::Line* WorkPool::next_line() {
  for (Line& line : lines_) {
    if (!line.waiting.empty() && line.running < line.running_max) return &line;
  }
  return nullptr;
}

void WorkPool::work() {
  std::unique_lock lock(mutex_);
  while (!is_stopping_) {
    Line* line = next_line();
    if (line == nullptr) {
      ++idle_;
      changed_.wait(lock);
      --idle_;
      is_waking_ = false;
      continue;
    }
    Work work = std::move(line->waiting.front());
    line->waiting.pop_front();
    ++line->running;
    wake_one(lock);
    if (lock.owns_lock()) lock.unlock();
    run_handler(handler_, std::move(work));
    lock.lock();
    --line->running;
  }
}

void WorkPool::drop_abandoned() {
  std::deque<Work> dropped;  // destroyed without the lock
  const std::lock_guard lock(mutex_);
  for (Line& line : lines_) {
    std::deque<Work> kept;
    for (Work& each : line.waiting) {
      (each.pending->is_awaited() ? kept : dropped).push_back(std::move(each));
    }
    line.waiting.swap(kept);
  }
}

void WorkPool::stop() {
  std::array<Line, 4> left;
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
    for (std::size_t i = 0; i < lines_.size(); ++i) left[i].waiting.swap(lines_[i].waiting);
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
  for (Line& line : left) {
    for (Work& work : line.waiting) work.pending->complete_as_forgotten();
  }
}

}  // namespace millrace::http
