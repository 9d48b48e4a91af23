#include "apps/bench/load/load_course.hpp"

#include <algorithm>

namespace millrace::bench {
namespace {

using std::chrono::steady_clock;

steady_clock::duration span_of(double seconds) {
  return std::chrono::duration_cast<steady_clock::duration>(std::chrono::duration<double>(seconds));
}

}  // namespace

LoadCourse::LoadCourse(const LoadExtent& extent, double rate_per_s, double idle_s)
    : extent_(extent),
      rate_per_s_(rate_per_s),
      idle_s_(idle_s),
      began_(steady_clock::now()),
      moved_(began_) {}

bool LoadCourse::is_over_now() const {
  const Time now = steady_clock::now();
  return is_stopped_ || (extent_.seconds > 0 && now - began_ >= span_of(extent_.seconds)) ||
         (idle_s_ > 0 && now - moved_ >= span_of(idle_s_)) ||
         (extent_.messages > 0 && received_ >= extent_.messages);
}

std::optional<LoadCourse::Portion> LoadCourse::take(std::size_t max) {
  std::unique_lock lock(mutex_);
  if (is_over_now()) return std::nullopt;
  Portion portion{.first = next_, .count = max, .due = steady_clock::now()};
  if (extent_.messages > 0) {
    portion.count = std::min<std::uint64_t>(max, extent_.messages - next_);
    if (portion.count == 0) return std::nullopt;
  }
  next_ += portion.count;
  if (rate_per_s_ == 0) return portion;
  portion.due = began_ + span_of(static_cast<double>(portion.first) / rate_per_s_);
  while (steady_clock::now() < portion.due) {
    if (is_over_now()) return std::nullopt;
    const Time end = extent_.seconds > 0 ? began_ + span_of(extent_.seconds) : portion.due;
    changed_.wait_until(lock, std::min(portion.due, end));
  }
  return portion;
}

std::size_t LoadCourse::reserve(std::size_t max) {
  const std::lock_guard lock(mutex_);
  if (extent_.messages == 0) return max;
  const std::size_t count = std::min<std::uint64_t>(max, extent_.messages - next_);
  next_ += count;
  return count;
}

void LoadCourse::receive(std::size_t reserved, std::size_t received) {
  const std::lock_guard lock(mutex_);
  if (extent_.messages > 0) next_ -= reserved - received;
  received_ += received;
  if (received > 0) moved_ = steady_clock::now();
  changed_.notify_all();
}

bool LoadCourse::wait(std::chrono::milliseconds time) {
  std::unique_lock lock(mutex_);
  const Time end = steady_clock::now() + time;
  while (!is_stopped_ && steady_clock::now() < end) changed_.wait_until(lock, end);
  return !is_stopped_;
}

bool LoadCourse::is_over() {
  const std::lock_guard lock(mutex_);
  return is_over_now();
}

void LoadCourse::stop() {
  const std::lock_guard lock(mutex_);
  is_stopped_ = true;
  changed_.notify_all();
}

void LoadCourse::fail(const Error& error) {
  const std::lock_guard lock(mutex_);
  is_stopped_ = true;
  if (!failure_) failure_ = error;
  changed_.notify_all();
}

std::optional<Error> LoadCourse::failure() {
  const std::lock_guard lock(mutex_);
  return failure_;
}

}  // namespace millrace::bench
