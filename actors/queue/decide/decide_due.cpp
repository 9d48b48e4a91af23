#include "actors/queue/decide/decide_due.hpp"

#include <algorithm>

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
    if (state.live.settling_timers.contains(id)) continue;
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
  for (std::string& producer :
       state.durable.dedup.idle_since(now_us - state.limits.producer_idle_us)) {
    if (state.live.proposed.contains(producer)) continue;  // attached again
    if (++forgotten > forgotten_max) break;                // the rest in the next call
    if (!out.record) out.record = new_record(state, now_us);
    out.record->mutable_change(0)->add_forget_producer(std::move(producer));
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
    if (entry.acquired >= state.limits.acquired_max) {
      add_death(state, *out.record, sequence, entry.failed, ErrorCode::handler_failed,
                "leased " + std::to_string(entry.acquired) + " times without an outcome");
    } else {
      add_death(state, *out.record, sequence, entry.failed, ErrorCode::expired,
                "its deadline passed before it was run");
    }
  }
  return out;
}

TimeUs next_due_us(const State& state) {
  TimeUs next = 0;
  const auto consider = [&next](TimeUs due_us) {
    if (due_us != 0 && (next == 0 || due_us < next)) next = due_us;
  };
  if (!state.live.deadlines.empty()) consider(state.live.deadlines.begin()->first + 1);
  if (state.live.draining || state.live.quiesced) return next;
  for (const auto& [id, timer] : state.durable.keyed.timers()) {
    if (state.live.settling_timers.contains(id)) continue;
    consider(id.first);
    break;
  }
  if (!state.live.delayed.empty()) consider(state.live.delayed.begin()->first);
  return next;
}

}  // namespace millrace::queues
