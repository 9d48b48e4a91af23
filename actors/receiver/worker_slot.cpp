#include "actors/receiver/worker_slot.hpp"

#include <utility>

namespace millrace::receivers {

void WorkerSlot::finish(std::vector<Finished>& finished) {
  running_.clear();
  for (Finished& one : finished) reports_.add(std::move(one));
  finished.clear();
}

void WorkerSlot::begin(std::vector<Finished>& finished, std::vector<WaitingLease>& taken,
                       SteadyUs now_us, bool is_told) {
  const std::lock_guard lock(mutex_);
  finish(finished);
  for (WaitingLease& lease : taken) running_.emplace_back(std::move(lease), clock_);
  taken.clear();
  since_us_ = now_us;
  is_told_ = is_told;
}

Reports WorkerSlot::end(std::vector<Finished>& finished) {
  const std::lock_guard lock(mutex_);
  finish(finished);
  return std::exchange(reports_, {});
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
