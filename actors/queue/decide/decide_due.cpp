#include "actors/queue/decide/decide_due.hpp"

#include <algorithm>

#include "actors/queue/decide/suspicion.hpp"
#include "messages/envelope.hpp"
#include "messages/error_code.hpp"

namespace millrace::queues {
namespace {

constexpr int forgotten_max = 10'000;

}  // namespace

Decision decide_timers(const State& state, TimeUs now_us, std::uint32_t max) {
  Decision out;
  std::size_t bytes = 0;
  for (const auto& [id, timer] : state.durable.keyed.timers()) {
    if (id.first > now_us || out.pending.timers.size() >= max) break;
    if (state.live.settling_timers.contains(id.second)) continue;
    const std::size_t size = 2 * bytes_of(timer.envelope) + timer.name.size();
    if (out.record && bytes + size > record_bytes) break;
    bytes += size;
    if (!out.record) out.record = new_record(state, now_us);
    pb::Change& change = *out.record->mutable_change(0);
    pb::TimerRef& ref = *change.add_timer_clear();
    ref.set_key(timer.key);
    ref.set_name(timer.name);
    *change.add_append() = timer.envelope;
    out.pending.timers.push_back(id);
  }
  return out;
}

Decision decide_forget(const State& state, TimeUs now_us) {
  Decision out;
  int forgotten = 0;
  for (std::string& producer : state.durable.dedup.idle_since(now_us - state.live.stepping_us -
                                                              state.limits.producer_idle_us)) {
    if (state.live.proposed.contains(producer)) continue;  // attached again
    if (++forgotten > forgotten_max) break;                // the rest in the next call
    if (!out.record) out.record = new_record(state, now_us);
    out.record->mutable_change(0)->add_forget_producer(std::move(producer));
  }
  return out;
}

TimeUs age_now_us(const State& state, TimeUs now_us) {
  const DurationUs since_us = now_us - state.durable.at_us - state.live.stepping_us;
  return state.durable.age_us + std::max<DurationUs>(since_us, 0);
}

std::optional<TimeUs> forget_before_us(const State& state, bool history_only, TimeUs now_us) {
  const DurationUs keep_us =
      history_only ? state.limits.keep_history_us : state.limits.keep_state_us;
  if (keep_us <= 0 || state.is_outbox) return std::nullopt;
  return age_now_us(state, now_us) - keep_us;
}

Decision decide_forget_keys(const State& state, std::span<const AgedState> keys, bool history_only,
                            TimeUs now_us) {
  Decision out;
  std::size_t bytes = 0;
  for (const AgedState& one : keys) {
    if (bytes > record_bytes) break;
    const KeyState* resident = state.durable.keyed.find(one.key);
    const bool is_in_use =
        state.keys.contains_hash(hash_key(one.key)) || state.live.forgetting.contains(one.key);
    const bool has_changed =
        resident != nullptr && (!resident->timers.empty() ||
                                (resident->residence && resident->residence->age_us > one.age_us));
    if (is_in_use || has_changed) continue;
    if (!out.record) out.record = new_record(state, now_us);
    pb::KeyForgotten& forgotten = *out.record->mutable_change(0)->add_forget_key();
    forgotten.set_key(one.key);
    bytes += one.key.size() + 16;
    forgotten.set_history_only(history_only);
    out.pending.forgotten.push_back(one.key);
  }
  return out;
}

Decision decide_give_up(const State& state, std::span<const LeaseId> leases, TimeUs now_us) {
  Decision out;
  if (leases.empty()) return out;
  out.record = new_record(state, now_us);
  out.pending.leases.assign(leases.begin(), leases.end());
  for (const LeaseId id : leases) {
    const Sequence sequence = state.live.leases.find(id)->second.run.front();
    const Entry& entry = *state.durable.index.find(sequence);
    if (is_poison(state, sequence, entry)) {
      add_death(state, *out.record, sequence, entry.failed, ErrorCode::poison,
                "the process ended " + std::to_string(poison_deaths) +
                    " times while it was handled alone");
    } else if (entry.acquired >= state.limits.acquired_max) {
      add_death(state, *out.record, sequence, entry.failed, ErrorCode::handler_failed,
                "leased " + std::to_string(entry.acquired) + " times without an outcome");
    } else {
      add_death(state, *out.record, sequence, entry.failed, ErrorCode::expired,
                "its deadline passed before it was run");
    }
  }
  return out;
}

Decision decide_step(const State& state, Now before, Now now) {
  Decision out;
  const DedupTable& dedup = state.durable.dedup;
  const DurationUs step_us = step_between(before, now);
  if (step_us <= step_min_us) return out;
  // The store has the ages of keys also for a time when the queue is to forget them; topics have those of
  // batches.
  const bool keeps_ages = state.durable.keyed.is_on_disk();
  if (dedup.producers().empty() && dedup.idempotency_keys().empty() &&
      state.live.proposed.empty() && !keeps_ages && state.durable.topics.empty()) {
    return out;
  }
  out.record = new_record(state, now.wall_us);
  out.record->mutable_change(0)->set_stepped_us(step_us);
  out.pending.stepped_us = step_us;
  return out;
}

Decision decide_set_back(const State& state, TimeUs now_us) {
  Decision out;
  const bool is_waiting = !state.live.delayed.empty() || !state.durable.keyed.timers().empty() ||
                          (state.durable.pauses && state.durable.pauses->next_end_us());
  if (is_waiting && was_set_back(now_us, state.durable.at_us))
    out.record = new_record(state, now_us);
  return out;
}

std::optional<SteadyUs> next_look_us(const State& state, Now now) {
  std::optional<SteadyUs> next;
  const auto consider = [&next](SteadyUs due_us) {
    next = std::min(next.value_or(due_us), due_us);
  };
  const auto consider_wall = [&](TimeUs due_us) {
    consider(now.steady_us + std::clamp<DurationUs>(due_us - now.wall_us, 0, look_max_us));
  };
  if (!state.live.deadlines.empty()) consider(state.live.deadlines.begin()->first + 1);
  if (state.live.draining || state.live.quiesced) return next;
  for (const auto& [id, timer] : state.durable.keyed.timers()) {
    if (state.live.settling_timers.contains(id.second)) continue;
    consider_wall(id.first);
    break;
  }
  if (!state.live.delayed.empty()) consider_wall(state.live.delayed.begin()->first);
  for (const auto& [slot, look_us] : state.live.held) {
    if (look_us != 0) consider_wall(look_us);
  }
  if (state.durable.pauses && !state.live.resuming) {
    if (const auto end_us = state.durable.pauses->next_end_us()) consider_wall(*end_us);
  }
  return next;
}

}  // namespace millrace::queues
