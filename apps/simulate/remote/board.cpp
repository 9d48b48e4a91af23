#include "apps/simulate/remote/board.hpp"

#include <algorithm>
#include <utility>

#include "actors/base/assert.hpp"

namespace millrace::simulate {

namespace {

constexpr DurationUs look_first_us = 100'000;
constexpr DurationUs look_max_us = 2'000'000;
constexpr std::uint32_t doublings_max = 5;

}  // namespace

std::optional<RemoteTask> WorkList::take(TimeUs now_us) {
  if (!looks_.empty() && std::get<TimeUs>(looks_.top()) <= now_us) {
    const auto [when_us, order, turn] = looks_.top();
    looks_.pop();
    return RemoteTask{RemoteTask::Kind::ask, order, turn};
  }
  if (!is_placing_ || next_ >= orders_) return std::nullopt;
  const bool is_due = arrival_.is_closed() ? next_ - ended_ < arrival_.in_flight_max()
                                           : due_us(next_, now_us) <= now_us;
  if (!is_due) return std::nullopt;
  return RemoteTask{RemoteTask::Kind::place, next_++, 0};
}

TimeUs WorkList::due_us(std::uint64_t order, TimeUs now_us) const {
  return arrival_.is_closed() ? now_us : start_us_ + arrival_.due(order).count();
}

void WorkList::note_open(std::uint64_t order, std::uint32_t turn, TimeUs now_us) {
  const DurationUs span_us = std::min(look_first_us << std::min(turn, doublings_max), look_max_us);
  looks_.emplace(now_us + span_us, order, turn + 1);
}

void WorkList::ask_all_again() {
  is_placing_ = false;
  looks_ = {};
  ended_ = 0;
  for (std::uint64_t order = 0; order < next_; ++order) looks_.emplace(0, order, 0);
}

namespace {

/// Interval at which waiting customers check for due tasks.
constexpr std::chrono::milliseconds board_interval{20};
constexpr DurationUs shun_us = 1'000'000;

}  // namespace

RemoteBoard::RemoteBoard(std::uint64_t orders, const orders::Arrival& arrival, std::size_t nodes)
    : start_us_(clock_.now_us()),
      work_(orders, arrival, start_us_),
      orders_(orders),
      shunned_until_us_(nodes, 0) {
  counts_.answered_us = counts_.moved_us = start_us_;
}

std::optional<RemoteTask> RemoteBoard::wait_for_task() {
  std::unique_lock lock(mutex_);
  for (;;) {
    if (is_stopping_) return std::nullopt;
    const TimeUs now_us = clock_.now_us();
    if (const auto task = work_.take(now_us)) {
      if (task->kind == RemoteTask::Kind::place) {
        orders_[task->order].due_us = work_.due_us(task->order, now_us);
      }
      return task;
    }
    changed_.wait_for(lock, board_interval);
  }
}

bool RemoteBoard::pause(std::chrono::milliseconds span) {
  std::unique_lock lock(mutex_);
  return !changed_.wait_for(lock, span, [this] { return is_stopping_; });
}

std::size_t RemoteBoard::pick_node(std::size_t preferred) const {
  const std::lock_guard lock(mutex_);
  const TimeUs now_us = clock_.now_us();
  const std::size_t nodes = shunned_until_us_.size();
  MILLRACE_ASSERT(nodes > 0);
  for (std::size_t i = 0; i < nodes; ++i) {
    const std::size_t node = (preferred + i) % nodes;
    if (shunned_until_us_[node] <= now_us) return node;
  }
  return preferred % nodes;
}

void RemoteBoard::shun(std::size_t node) {
  const std::lock_guard lock(mutex_);
  shunned_until_us_[node] = clock_.now_us() + shun_us;
}

void RemoteBoard::note_answered() {
  const std::lock_guard lock(mutex_);
  counts_.answered_us = clock_.now_us();
}

void RemoteBoard::note_trouble(const Error& error) {
  const std::lock_guard lock(mutex_);
  ++counts_.retried;
  counts_.trouble = error;
}

void RemoteBoard::note_refused(const Error& error) {
  const std::lock_guard lock(mutex_);
  if (!counts_.refusal) counts_.refusal = error;
}

void RemoteBoard::note_confirmed(const RemoteTask& task) {
  const std::lock_guard lock(mutex_);
  counts_.moved_us = clock_.now_us();
  orders_[task.order].is_confirmed = true;
  if (!is_reading_) work_.note_open(task.order, 0, counts_.moved_us);
}

void RemoteBoard::note_open(const RemoteTask& task) {
  const std::lock_guard lock(mutex_);
  work_.note_open(task.order, task.turn, clock_.now_us());
}

void RemoteBoard::note_ended() {
  const std::lock_guard lock(mutex_);
  counts_.moved_us = clock_.now_us();
  if (!is_reading_) work_.note_ended();
  changed_.notify_all();
}

void RemoteBoard::note_read(std::uint64_t order, std::optional<KeyView> found) {
  const std::lock_guard lock(mutex_);
  counts_.moved_us = clock_.now_us();
  RemoteOrder& own = orders_[order];
  // A status request of the earlier phase can end after the final read.
  if (own.is_read) return;
  own.is_read = true;
  own.found = std::move(found);
  work_.note_ended();
}

void RemoteBoard::begin_reading() {
  const std::lock_guard lock(mutex_);
  is_reading_ = true;
  counts_.moved_us = clock_.now_us();
  work_.ask_all_again();
  changed_.notify_all();
}

bool RemoteBoard::is_reading() const {
  const std::lock_guard lock(mutex_);
  return is_reading_;
}

void RemoteBoard::stop() {
  const std::lock_guard lock(mutex_);
  is_stopping_ = true;
  changed_.notify_all();
}

RemoteCounts RemoteBoard::counts() const {
  const std::lock_guard lock(mutex_);
  RemoteCounts counts = counts_;
  counts.placed = work_.placed();
  counts.ended = work_.ended();
  return counts;
}

}  // namespace millrace::simulate
