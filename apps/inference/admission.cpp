#include "apps/inference/admission.hpp"

#include <algorithm>

namespace millrace::inference {

std::string Admission::refuse(const Candidate& candidate, TimeUs now_us) {
  const std::lock_guard lock(mutex_);
  if (pending_.contains(candidate.id)) return {};
  if (pending_.size() >= options_.pending_max) {
    return "overloaded: " + std::to_string(pending_.size()) + " requests are waiting";
  }
  const int priority = std::clamp(candidate.priority, 0, 9);
  if (candidate.expires_at_us != 0) {
    const DurationUs needed_us = expected_wait(priority).count();
    const DurationUs budget_us = candidate.expires_at_us - now_us;
    if (needed_us > budget_us) {
      return "overloaded: an answer would take " + std::to_string(needed_us / 1000) +
             " ms, and the deadline leaves " +
             std::to_string(std::max<DurationUs>(budget_us, 0) / 1000) + " ms";
    }
  }
  pending_.emplace(candidate.id, priority);
  ++pending_by_priority_.at(static_cast<std::size_t>(priority));
  return {};
}

void Admission::finish(std::uint64_t id) {
  const std::lock_guard lock(mutex_);
  const auto found = pending_.find(id);
  if (found == pending_.end()) return;
  --pending_by_priority_.at(static_cast<std::size_t>(found->second));
  pending_.erase(found);
}

std::size_t Admission::pending() const {
  const std::lock_guard lock(mutex_);
  return pending_.size();
}

std::chrono::microseconds Admission::expected_wait(int priority) const {
  std::size_t ahead = 0;
  for (auto level = static_cast<std::size_t>(priority); level < pending_by_priority_.size();
       ++level) {
    ahead += pending_by_priority_[level];
  }
  const auto full_batches = static_cast<std::chrono::microseconds::rep>(ahead / options_.batch_max);
  return options_.cost.of(options_.batch_max) * full_batches +
         options_.cost.of(ahead % options_.batch_max + 1);
}

}  // namespace millrace::inference
