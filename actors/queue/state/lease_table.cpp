#include "actors/queue/state/lease_table.hpp"

#include "actors/queue/state/backlog.hpp"

namespace millrace::queues {

LeaseId begin_lease(State& state, ReceiverId receiver, KeySlot slot, std::vector<Sequence> run,
                    TimeUs deadline_us) {
  const LeaseId id = ++state.live.lease_last;
  for (const Sequence sequence : run) {
    Entry& entry = *state.durable.index.find(sequence);
    entry.status = Status::leased;
    // What nobody holds was not acquired: the dead letter tells how often it was.
    if (receiver != nobody && entry.acquired < UINT16_MAX) ++entry.acquired;
  }
  if (slot != no_slot) state.keys[slot].busy = true;
  state.live.in_flight += static_cast<std::uint32_t>(run.size());
  state.live.leases_given += run.size();
  state.live.deadlines.emplace(deadline_us, id);
  state.live.leases.emplace(id, Lease{receiver, slot, deadline_us, std::move(run)});
  return id;
}

void begin_settling(State& state, LeaseId id) {
  Lease& lease = state.live.leases.find(id)->second;
  lease.settling = true;
  state.live.deadlines.erase({lease.deadline_us, id});
  for (const Sequence sequence : lease.run) {
    if (Entry* entry = state.durable.index.find(sequence)) entry->status = Status::settling;
  }
}

void end_lease(State& state, LeaseId id) {
  const auto it = state.live.leases.find(id);
  const Lease lease = std::move(it->second);
  state.live.leases.erase(it);
  state.live.deadlines.erase({lease.deadline_us, id});
  state.live.in_flight -= static_cast<std::uint32_t>(lease.run.size());
  for (const Sequence sequence : lease.run) {
    Entry* entry = state.durable.index.find(sequence);
    if (entry == nullptr) continue;
    entry->status = Status::waiting;
    if (lease.slot == no_slot) return_message(state, sequence, *entry);
  }
  if (lease.slot == no_slot) return;
  KeyChain& chain = state.keys[lease.slot];
  chain.busy = false;
  if (chain.head == 0) {
    state.keys.release(lease.slot);
  } else {
    make_eligible(state, lease.slot);
  }
}

void begin_work(State& state, LeaseId id) {
  const auto it = state.live.leases.find(id);
  if (it != state.live.leases.end()) it->second.begun = it->second.run.size() == 1;
}

bool extend_lease(State& state, LeaseId id, TimeUs deadline_us) {
  const auto it = state.live.leases.find(id);
  if (it == state.live.leases.end() || it->second.settling) return false;
  if (deadline_us <= it->second.deadline_us) return true;
  state.live.deadlines.erase({it->second.deadline_us, id});
  it->second.deadline_us = deadline_us;
  state.live.deadlines.emplace(deadline_us, id);
  return true;
}

std::vector<LeaseId> overdue_leases(const State& state, TimeUs now_us) {
  std::vector<LeaseId> ids;
  for (const auto& [deadline_us, id] : state.live.deadlines) {
    if (deadline_us >= now_us) break;
    ids.push_back(id);
  }
  return ids;
}

std::vector<LeaseId> leases_of(const State& state, ReceiverId receiver) {
  std::vector<LeaseId> ids;
  for (const auto& [deadline_us, id] : state.live.deadlines) {
    if (state.live.leases.find(id)->second.receiver == receiver) ids.push_back(id);
  }
  return ids;
}

}  // namespace millrace::queues
