#include "actors/receiver/lease_pool.hpp"

#include <algorithm>
#include <utility>

namespace millrace::receivers {

std::vector<WorkerId> LeasePool::add(std::vector<WaitingLease> leases, SteadyUs now_us) {
  const std::lock_guard lock(mutex_);
  const std::size_t added = leases.size();
  for (WaitingLease& lease : leases) put(std::move(lease));
  return wake_locked(now_us, added);
}

void LeasePool::put(WaitingLease lease) {
  const bool is_alone = gate_ != nullptr && lease.is_alone_on_node();
  (is_alone ? suspects_ : waiting_).push_back(std::move(lease));
}

bool LeasePool::take_suspect(const AnyActor& receiver, std::vector<WaitingLease>& taken) {
  if (suspects_.empty()) return false;
  std::shared_ptr<SuspectGate::Permit> permit = gate_->try_enter(receiver);
  if (!permit) return false;
  taken.push_back(std::move(suspects_.front()));
  taken.back().permit = std::move(permit);
  suspects_.pop_front();
  return true;
}

void LeasePool::take(WorkerId worker, SteadyUs now_us, const AnyActor& receiver,
                     std::vector<WaitingLease>& taken) {
  const std::lock_guard lock(mutex_);
  if (take_suspect(receiver, taken)) return;
  if (ready_calls(now_us) == 0) {
    idle_.push_back(worker);
    return;
  }
  const std::size_t max = batch_ ? std::max<std::size_t>(batch_->max, 1) : 1;
  do {
    taken.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
  } while (taken.size() < max && !waiting_.empty() && !taken.front().is_suspect() &&
           !waiting_.front().is_suspect());
}

void LeasePool::give_back(std::vector<WaitingLease>& taken) {
  const std::lock_guard lock(mutex_);
  for (; !taken.empty(); taken.pop_back()) {
    WaitingLease& lease = taken.back();
    const bool is_alone = lease.permit != nullptr;
    lease.permit.reset();
    (is_alone ? suspects_ : waiting_).push_front(std::move(lease));
  }
}

std::vector<WorkerId> LeasePool::wake(SteadyUs now_us) {
  const std::lock_guard lock(mutex_);
  return wake_locked(now_us, waiting_.size() + suspects_.size());
}

void LeasePool::remove(WorkerId worker) {
  const std::lock_guard lock(mutex_);
  std::erase(idle_, worker);
}

std::optional<SteadyUs> LeasePool::window_until_us() const {
  const std::lock_guard lock(mutex_);
  if (!batch_ || batch_->window.count() == 0 || waiting_.empty()) return std::nullopt;
  return time_after(waiting_.front().arrived_us, batch_->window.count());
}

void LeasePool::keep_alive(SteadyUs now_us, DurationUs by_us) {
  Extensions extensions(by_us);
  {
    const std::lock_guard lock(mutex_);
    for (std::deque<WaitingLease>* const leases : {&waiting_, &suspects_}) {
      for (WaitingLease& lease : *leases) {
        const DurationUs left_us = lease.until_us - now_us;
        if (left_us < 0 || left_us >= by_us / 2) continue;
        lease.until_us = time_after(now_us, by_us);
        extensions.add(lease.source, lease.grant->lease);
      }
    }
  }
  extensions.send();
}

std::size_t LeasePool::waiting() const {
  const std::lock_guard lock(mutex_);
  return waiting_.size() + suspects_.size();
}

std::size_t LeasePool::idle() const {
  const std::lock_guard lock(mutex_);
  return idle_.size();
}

// Calls of a handler for which leases wait now. Of batches, an estimate: suspects run alone.
std::size_t LeasePool::ready_calls(SteadyUs now_us) const {
  if (waiting_.empty() || !batch_) return waiting_.size();
  const std::size_t max = std::max<std::size_t>(batch_->max, 1);
  const std::size_t full = waiting_.size() / max;
  if (waiting_.size() % max == 0) return full;
  const WaitingLease& oldest = waiting_.front();
  const bool is_due = now_us >= time_after(oldest.arrived_us, batch_->window.count());
  return full + (is_due || oldest.is_suspect() ? 1 : 0);
}

std::vector<WorkerId> LeasePool::wake_locked(SteadyUs now_us, std::size_t most) {
  std::vector<WorkerId> woken;
  if (idle_.empty()) return woken;
  // One of the suspects, at most, can be taken.
  const std::size_t ready = ready_calls(now_us) + (suspects_.empty() ? 0 : 1);
  const std::size_t count = std::min({idle_.size(), ready, most});
  woken.assign(idle_.end() - static_cast<std::ptrdiff_t>(count), idle_.end());
  idle_.resize(idle_.size() - count);
  return woken;
}

}  // namespace millrace::receivers
