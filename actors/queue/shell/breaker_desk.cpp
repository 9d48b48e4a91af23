#include "actors/queue/shell/breaker_desk.hpp"

#include <algorithm>

#include "actors/queue/decide/dispatch.hpp"

namespace millrace::queues {

void BreakerDesk::look() {
  state_.live.breaker_open = holds_back();
}

void BreakerDesk::decided(const OutcomeCounts& counts, Now now, std::uint64_t jitter) {
  if (!breaker_) return;
  for (const auto& [lease, result] : counts.probes) {
    if (state_.live.probes.erase(lease) > 0) breaker_->ended(result, now.steady_us, jitter);
  }
  if (counts.succeeded + counts.failed > 0) {
    breaker_->handled(counts.succeeded, counts.failed, now, jitter);
  }
}

void BreakerDesk::lost(std::span<const LeaseId> leases, ErrorCode code, Now now,
                       std::uint64_t jitter) {
  look();
  // A handler that does not return may wait for what does not answer; a worker that dies does not.
  if (!breaker_ || code != ErrorCode::lease_expired) return;
  OutcomeCounts counts;
  for (const LeaseId id : leases) {
    if (state_.live.probes.contains(id)) {
      counts.probes.emplace_back(id, ProbeResult::failed);
    } else if (state_.live.leases.find(id)->second.begun) {
      ++counts.failed;
    }
  }
  decided(counts, now, jitter);
}

void BreakerDesk::permit(SteadyUs now_us) {
  look();
  state_.live.permits.reset();
  state_.live.may_probe = false;
  if (!state_.live.breaker_open || state_.is_outbox) return;
  state_.live.permits = 0;
  const bool is_ready = state_.live.lines.first() >= 0 && may_lease(state_);
  if (!is_ready) return;
  const bool is_wanted = std::any_of(state_.live.receivers.begin(), state_.live.receivers.end(),
                                     [](const auto& one) { return one.second.demand > 0; });
  if (is_wanted) {
    state_.live.permits = breaker_->take(Breaker::recovered_after, now_us);
  } else {
    state_.live.may_probe = breaker_->has_room(now_us);
  }
}

void BreakerDesk::settle(SteadyUs now_us) {
  if (!breaker_) return;
  if (state_.live.permits.value_or(0) > 0) breaker_->give_back(*state_.live.permits);
  state_.live.permits.reset();
  for (auto it = state_.live.probes.begin(); it != state_.live.probes.end();) {
    if (state_.live.leases.contains(*it)) {
      ++it;
      continue;
    }
    it = state_.live.probes.erase(it);
    breaker_->ended(ProbeResult::nothing, now_us, 0);
  }
}

Decision BreakerDesk::record(TimeUs now_us) {
  Decision out;
  const bool is_stopped = state_.live.draining || state_.live.quiesced;
  if (!breaker_ || is_recording_ || is_stopped || state_.is_outbox) return out;
  const bool is_open = !breaker_->is_closed();
  if (is_open == (state_.durable.breaker_open_since_us != 0)) return out;
  out.record = new_record(state_, now_us);
  const TimeUs since_us = is_open ? std::max<TimeUs>(breaker_->view().open_since_us, 1) : 0;
  out.record->mutable_change(0)->mutable_breaker()->set_open_since_us(since_us);
  is_recording_ = true;
  return out;
}

void BreakerDesk::committed(const pb::Change& change) {
  if (change.has_breaker()) is_recording_ = false;
}

std::optional<SteadyUs> BreakerDesk::look_us(SteadyUs now_us) const {
  if (!holds_back() || state_.live.lines.first() < 0) return std::nullopt;
  return breaker_->look_us(now_us);
}

void BreakerDesk::end() {
  if (!breaker_) return;
  for (std::size_t i = 0; i < state_.live.probes.size(); ++i) {
    breaker_->ended(ProbeResult::nothing, 0, 0);
  }
  state_.live.probes.clear();
  breaker_.reset();
}

}  // namespace millrace::queues
