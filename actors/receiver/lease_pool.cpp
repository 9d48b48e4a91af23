#include "actors/receiver/lease_pool.hpp"

#include <algorithm>
#include <utility>

namespace millrace::receivers {

std::vector<WorkerId> LeasePool::add(std::vector<WaitingLeases> leases, SteadyUs now_us) {
  const std::lock_guard lock(mutex_);
  std::size_t added = 0;
  for (WaitingLeases& one : leases) {
    added += one.count;
    if (gate_ != nullptr && one.is_alone_on_node()) {
      suspects_.push_back(std::move(one));
    } else {
      waiting_count_ += one.count;
      waiting_.push_back(std::move(one));
    }
  }
  return wake_locked(now_us, added);
}

bool LeasePool::take_suspect(const AnyActor& receiver, std::vector<WaitingLeases>& taken) {
  if (suspects_.empty()) return false;
  std::shared_ptr<SuspectGate::Permit> permit = gate_->try_enter(receiver);
  if (!permit) return false;
  taken.push_back(std::move(suspects_.front()));
  taken.back().permit = std::move(permit);
  suspects_.pop_front();
  return true;
}

void LeasePool::take_up_to(std::size_t most, std::vector<WaitingLeases>& taken) {
  WaitingLeases& front = waiting_.front();
  const bool is_all = front.count <= most;
  taken.push_back(front.take_front(most));
  waiting_count_ -= taken.back().count;
  if (is_all) waiting_.pop_front();
}

void LeasePool::take(WorkerId worker, SteadyUs now_us, const AnyActor& receiver, CallTimes spent,
                     std::vector<WaitingLeases>& taken) {
  const std::lock_guard lock(mutex_);
  note_calls(spent);
  if (take_suspect(receiver, taken)) return;
  if (ready_calls(now_us) == 0) {
    idle_.push_back(worker);
    return;
  }
  if (!batch_) return take_up_to(leases_ahead(), taken);
  std::size_t room = std::max<std::size_t>(batch_->max, 1);
  do {
    take_up_to(room, taken);
    room -= taken.back().count;
  } while (room > 0 && !waiting_.empty() && !taken.front().is_suspect() &&
           !waiting_.front().is_suspect());
}

void LeasePool::give_back(std::vector<WaitingLeases> taken) {
  if (taken.empty()) return;
  const std::lock_guard lock(mutex_);
  for (; !taken.empty(); taken.pop_back()) {
    WaitingLeases& leases = taken.back();
    if (std::exchange(leases.permit, nullptr)) {
      suspects_.push_front(std::move(leases));
    } else {
      waiting_count_ += leases.count;
      waiting_.push_front(std::move(leases));
    }
  }
}

void LeasePool::note_calls(CallTimes spent) {
  if (spent.calls == 0) return;
  const double mean_us = static_cast<double>(spent.time_us) / spent.calls;
  call_us_ = call_us_ < 0 ? mean_us : call_us_ + (mean_us - call_us_) / 4;
}

void LeasePool::note_slow(DurationUs time_us) {
  const std::lock_guard lock(mutex_);
  call_us_ = std::max(call_us_, static_cast<double>(time_us));
}

std::size_t LeasePool::leases_ahead() const {
  if (!takes_ahead_ || call_us_ < 0) return 1;
  const double leases = static_cast<double>(ahead_us) / std::max(call_us_, 1.0);
  return std::clamp<std::size_t>(static_cast<std::size_t>(leases), 1, ahead_max);
}

std::vector<WorkerId> LeasePool::wake(SteadyUs now_us) {
  const std::lock_guard lock(mutex_);
  return wake_locked(now_us, waiting_count_ + suspects_.size());
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
    for (std::deque<WaitingLeases>* const waiting : {&waiting_, &suspects_}) {
      for (WaitingLeases& leases : *waiting) {
        const DurationUs left_us = leases.until_us - now_us;
        if (left_us < 0 || left_us >= by_us / 2) continue;
        extensions.add(leases, now_us);
      }
    }
  }
  extensions.send();
}

std::size_t LeasePool::waiting() const {
  const std::lock_guard lock(mutex_);
  return waiting_count_ + suspects_.size();
}

std::size_t LeasePool::idle() const {
  const std::lock_guard lock(mutex_);
  return idle_.size();
}

// Calls of a handler for which leases wait now. Of batches, an estimate: suspects run alone.
std::size_t LeasePool::ready_calls(SteadyUs now_us) const {
  if (waiting_.empty() || !batch_) return waiting_count_;
  const std::size_t max = std::max<std::size_t>(batch_->max, 1);
  const std::size_t full = waiting_count_ / max;
  if (waiting_count_ % max == 0) return full;
  const WaitingLeases& oldest = waiting_.front();
  const bool is_due = now_us >= time_after(oldest.arrived_us, batch_->window.count());
  return full + (is_due || oldest.is_suspect() ? 1 : 0);
}

std::vector<WorkerId> LeasePool::wake_locked(SteadyUs now_us, std::size_t most) {
  std::vector<WorkerId> woken;
  if (idle_.empty()) return woken;
  // One of the suspects, at most, can be taken.
  const std::size_t ready = ready_calls(now_us) + (suspects_.empty() ? 0 : 1);
  const std::size_t ahead = leases_ahead();
  const std::size_t takes = (std::min(ready, most) + ahead - 1) / ahead;
  const std::size_t count = std::min(idle_.size(), takes);
  woken.assign(idle_.end() - static_cast<std::ptrdiff_t>(count), idle_.end());
  idle_.resize(idle_.size() - count);
  return woken;
}

}  // namespace millrace::receivers
