#include "actors/receiver/worker_slot.hpp"

#include <algorithm>
#include <utility>

namespace millrace::receivers {

void WorkerSlot::add(std::vector<WaitingLeases>& leases) {
  ahead_.swap(leases);
  std::reverse(ahead_.begin(), ahead_.end());
}

std::vector<WaitingLeases> WorkerSlot::take_ahead() {
  std::reverse(ahead_.begin(), ahead_.end());
  return std::exchange(ahead_, {});
}

// A call runs one suspect, or leases that are none.
void WorkerSlot::take_next(SteadyUs now_us, BeforeCall& before) {
  while (running_.size() < policy_.leases_max && !ahead_.empty()) {
    WaitingLeases& next = ahead_.back();
    HeldLease lease(next, clock_);
    if (next.until_us < now_us) {
      before.expired.push_back(std::move(lease));
    } else {
      // Waiting has used up a part of the lease. With a tolerance of a sixteenth, to save messages.
      if (next.until_us - now_us < policy_.timeout_us - policy_.timeout_us / 16) {
        lease.set_until(time_after(now_us, policy_.timeout_us));
        before.extensions.add(next.batch->source, lease.grant().lease);
      }
      running_.push_back(std::move(lease));
    }
    ++next.first;
    if (--next.count == 0) ahead_.pop_back();
  }
}

bool WorkerSlot::begin(SteadyUs now_us, BeforeCall& before) {
  take_next(now_us, before);
  if (running_.empty()) return false;
  before.is_alone =
      running_.size() == 1 && (policy_.always_alone || is_suspect(running_.front().grant()));
  // So that the failure of the call takes no outcome with it.
  if (before.is_alone) before.reports = std::exchange(reports_, {});
  since_us_ = now_us;
  is_told_ = before.is_alone;
  is_overrun_told_ = false;
  return true;
}

bool WorkerSlot::has_overrun(SteadyUs now_us) const {
  return !running_.empty() && !is_given_up_ &&
         std::all_of(running_.begin(), running_.end(),
                     [now_us](const HeldLease& lease) { return lease.lease_until_us() < now_us; });
}

std::optional<WorkerSlot::Overrun> WorkerSlot::overrun(SteadyUs now_us) {
  const std::lock_guard lock(mutex_);
  if (!has_overrun(now_us)) return std::nullopt;
  Overrun overrun;
  overrun.runs_for_us = now_us - since_us_;
  overrun.is_first = !std::exchange(is_overrun_told_, true);
  for (const HeldLease& lease : running_) {
    overrun.leases.push_back(lease.lease());
    if (lease.permit()) lease.permit()->release();  // it does not hold up other suspects
  }
  return overrun;
}

bool WorkerSlot::give_up(SteadyUs now_us) {
  const std::lock_guard lock(mutex_);
  if (!has_overrun(now_us)) return false;
  is_given_up_ = true;
  return true;
}

std::optional<WorkerSlot::Slow> WorkerSlot::take_if_slow(SteadyUs before_us, SteadyUs now_us) {
  const std::lock_guard lock(mutex_);
  if (running_.empty() || since_us_ > before_us) return std::nullopt;
  Slow slow{.reports = std::exchange(reports_, {}),
            .ahead = take_ahead(),
            .runs_for_us = now_us - since_us_};
  if (running_.size() == 1 && !std::exchange(is_told_, true)) {
    slow.untold = running_.front().lease();
  }
  return slow;
}

WorkerSlot::Left WorkerSlot::take_all() {
  const std::lock_guard lock(mutex_);
  Left left{.reports = std::exchange(reports_, {}), .lost = {}, .ahead = take_ahead()};
  for (const HeldLease& lease : running_) left.lost.push_back(lease.lease());
  running_.clear();
  return left;
}

}  // namespace millrace::receivers
