#include "actors/receiver/worker_slot.hpp"

#include <algorithm>
#include <utility>

namespace millrace::receivers {

void WorkerSlot::finish(std::vector<Finished>& finished) {
  running_.clear();
  for (Finished& one : finished) reports_.add(std::move(one));
  finished.clear();
}

bool WorkerSlot::begin(std::vector<Finished>& finished, std::vector<WaitingLease>& taken,
                       SteadyUs now_us, bool is_told) {
  const std::lock_guard lock(mutex_);
  if (is_given_up_) return false;
  finish(finished);
  for (WaitingLease& lease : taken) running_.emplace_back(std::move(lease), clock_);
  taken.clear();
  since_us_ = now_us;
  is_told_ = is_told;
  is_overrun_told_ = false;
  return true;
}

std::optional<Reports> WorkerSlot::end(std::vector<Finished>& finished) {
  const std::lock_guard lock(mutex_);
  if (is_given_up_) return std::nullopt;
  finish(finished);
  return std::exchange(reports_, {});
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
    overrun.leases.push_back({lease.source, lease.grant, lease.lease_until_us(), 0});
    if (lease.permit) lease.permit->release();  // it does not hold up other suspects
  }
  return overrun;
}

bool WorkerSlot::give_up(SteadyUs now_us) {
  const std::lock_guard lock(mutex_);
  if (!has_overrun(now_us)) return false;
  is_given_up_ = true;
  return true;
}

std::optional<WorkerSlot::Slow> WorkerSlot::take_if_slow(SteadyUs before_us) {
  const std::lock_guard lock(mutex_);
  if (running_.empty() || since_us_ > before_us) return std::nullopt;
  Slow slow{.reports = std::exchange(reports_, {})};
  if (running_.size() == 1 && !std::exchange(is_told_, true)) {
    slow.source = running_.front().source;
    slow.lease = running_.front().grant->lease;
  }
  return slow;
}

Reports WorkerSlot::take_lost(std::vector<WaitingLease>& lost) {
  const std::lock_guard lock(mutex_);
  for (const HeldLease& lease : running_) {
    lost.push_back({lease.source, lease.grant, lease.lease_until_us(), 0});
  }
  running_.clear();
  return std::exchange(reports_, {});
}

}  // namespace millrace::receivers
