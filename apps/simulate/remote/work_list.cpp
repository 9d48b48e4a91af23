#include "apps/simulate/remote/work_list.hpp"

#include <algorithm>

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
  const bool is_due = arrival_.is_closed() ? next_ - ended_ < arrival_.under_way_max()
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

}  // namespace millrace::simulate
