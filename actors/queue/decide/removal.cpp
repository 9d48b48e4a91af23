#include "actors/queue/decide/removal.hpp"

#include <algorithm>

#include "actors/queue/state/backlog.hpp"
#include "actors/queue/state/lease_table.hpp"

namespace millrace::queues {
bool is_redrivable(const pb::Envelope& message, const Origins& origins) {
  return message.has_dead_letter() && origins.contains(message.dead_letter().origin_queue());
}

std::vector<LeaseId> hold(State& state, std::span<const PageEntry> page, SteadyUs now_us) {
  std::vector<LeaseId> leases;
  std::map<KeySlot, std::vector<Sequence>> runs;
  for (const PageEntry& one : page) {
    Entry* entry = state.durable.index.find(one.sequence);
    if (entry == nullptr) continue;
    if (entry->slot != no_slot) {
      runs[entry->slot].push_back(one.sequence);
    } else if (withdraw_message(state, one.sequence, *entry)) {
      leases.push_back(begin_lease(state, nobody, no_slot, {one.sequence}, now_us));
    }
  }
  for (auto& [slot, run] : runs) {
    if (!withdraw_key(state, slot)) continue;
    leases.push_back(begin_lease(state, nobody, slot, std::move(run), now_us));
  }
  return leases;
}

Decision decide_drop(const State& state, const std::vector<LeaseId>& leases, TimeUs now_us) {
  Decision out;
  if (leases.empty()) return out;
  out.record = new_record(state, now_us);
  out.pending.leases = leases;
  for (const LeaseId id : leases) {
    for (const Sequence sequence : state.live.leases.find(id)->second.run) {
      out.record->mutable_change(0)->add_drop(sequence);
    }
  }
  return out;
}

Decision decide_redrive(const State& state, const std::vector<LeaseId>& leases,
                        std::span<const PageEntry> page, const Origins& origins, TimeUs now_us) {
  Decision out = decide_drop(state, leases, now_us);
  if (!out.record) return out;
  std::vector<Sequence> dropped(out.record->change(0).drop().begin(),
                                out.record->change(0).drop().end());
  std::sort(dropped.begin(), dropped.end());
  for (const PageEntry& one : page) {
    if (!std::binary_search(dropped.begin(), dropped.end(), one.sequence)) continue;
    const auto origin = origins.find(one.body->dead_letter().origin_queue());
    pb::Envelope& message = *change_of(*out.record, origin->second).add_append();
    message = *one.body;
    message.clear_dead_letter();
    message.set_redriven(message.redriven() + 1);
  }
  return out;
}

}  // namespace millrace::queues
