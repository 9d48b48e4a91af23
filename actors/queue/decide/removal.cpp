#include "actors/queue/decide/removal.hpp"

#include <algorithm>

#include "actors/queue/state/backlog.hpp"
#include "actors/queue/state/lease_table.hpp"

namespace millrace::queues {
namespace {

// Sets a message that is not due back among those that wait: whoever holds it, or its key, must not
// be overtaken by its time.
void undelay(State& state, Sequence sequence, Entry& entry) {
  if (entry.status != Status::delayed) return;
  const Schedule& schedule = state.durable.schedules.find(sequence)->second;
  state.live.delayed.erase({schedule.not_before_us, sequence});
  entry.status = Status::waiting;
}

// Makes the key of `slot` free to be held; false when somebody holds it.
bool free_key(State& state, KeySlot slot) {
  KeyChain& chain = state.keys[slot];
  if (chain.busy) {
    Entry& head = *state.durable.index.find(chain.head);
    if (head.status != Status::delayed) return false;
    undelay(state, chain.head, head);
    chain.busy = false;
  }
  if (chain.line != no_line) {
    chain.line = no_line;
    note_stale(state);
  }
  return true;
}

}  // namespace

bool is_redrivable(const pb::Envelope& letter, const Origins& origins) {
  return letter.has_dead_letter() && origins.contains(letter.dead_letter().origin_queue());
}

std::vector<LeaseId> hold(State& state, std::span<const PageEntry> page, TimeUs now_us) {
  std::vector<LeaseId> leases;
  std::map<KeySlot, std::vector<Sequence>> runs;
  for (const PageEntry& one : page) {
    Entry* entry = state.durable.index.find(one.sequence);
    if (entry == nullptr || entry->status == Status::leased || entry->status == Status::settling) {
      continue;
    }
    if (entry->slot != no_slot) {
      runs[entry->slot].push_back(one.sequence);
      continue;
    }
    const bool in_line = entry->status == Status::waiting;
    undelay(state, one.sequence, *entry);
    leases.push_back(begin_lease(state, nobody, no_slot, {one.sequence}, now_us));
    if (in_line) note_stale(state);
  }
  for (auto& [slot, run] : runs) {
    if (!free_key(state, slot)) continue;
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
  std::vector<Sequence> held(out.record->change(0).drop().begin(),
                             out.record->change(0).drop().end());
  std::sort(held.begin(), held.end());
  for (const PageEntry& one : page) {
    if (!std::binary_search(held.begin(), held.end(), one.sequence)) continue;
    const auto origin = origins.find(one.body->dead_letter().origin_queue());
    pb::Envelope& message = *change_of(*out.record, origin->second).add_append();
    message = *one.body;
    message.clear_dead_letter();
    message.set_redriven(message.redriven() + 1);
  }
  return out;
}

}  // namespace millrace::queues
