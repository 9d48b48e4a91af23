#include "actors/queue/state/lease_table.hpp"

#include "actors/queue/state/backlog.hpp"

namespace millrace::queues {

LeaseId begin_lease(State& state, ReceiverId receiver, KeySlot slot, std::vector<Sequence> run,
                    SteadyUs deadline_us) {
  const LeaseId id = ++state.live.lease_last;
  mark_leased(state, slot, run);
  std::uint64_t bytes = 0;
  for (const Sequence sequence : run) {
    Entry& entry = *state.durable.index.find(sequence);
    bytes += entry.bytes;
    if (receiver != nobody && entry.acquired < UINT16_MAX) ++entry.acquired;
  }
  state.live.in_flight += static_cast<std::uint32_t>(run.size());
  state.live.in_flight_bytes += bytes;
  state.live.leases_given += run.size();
  state.live.deadlines.emplace(deadline_us, id);
  state.live.leases.emplace(id, Lease{receiver, slot, deadline_us, bytes, std::move(run)});
  return id;
}

void begin_settling(State& state, LeaseId id) {
  Lease& lease = state.live.leases.find(id)->second;
  lease.settling = true;
  state.live.deadlines.erase({lease.deadline_us, id});
  mark_settling(state, lease.run);
}

void end_lease(State& state, LeaseId id) {
  const auto it = state.live.leases.find(id);
  const Lease lease = std::move(it->second);
  state.live.leases.erase(it);
  state.live.deadlines.erase({lease.deadline_us, id});
  state.live.in_flight -= static_cast<std::uint32_t>(lease.run.size());
  state.live.in_flight_bytes -= lease.bytes;
  give_back(state, lease.slot, lease.run);
}

void release_lease(State& state, LeaseId id) {
  const auto lease = state.live.leases.find(id);
  if (lease == state.live.leases.end() || lease->second.settling) return;
  for (const Sequence sequence : lease->second.run) {
    Entry* const entry = state.durable.index.find(sequence);
    if (entry != nullptr && entry->acquired < UINT16_MAX) --entry->acquired;
  }
  end_lease(state, id);
}

void begin_work(State& state, LeaseId id) {
  const auto it = state.live.leases.find(id);
  if (it != state.live.leases.end()) it->second.begun = it->second.run.size() == 1;
}

bool extend_lease(State& state, LeaseId id, SteadyUs deadline_us) {
  const auto it = state.live.leases.find(id);
  if (it == state.live.leases.end() || it->second.settling) return false;
  if (deadline_us <= it->second.deadline_us) return true;
  state.live.deadlines.erase({it->second.deadline_us, id});
  it->second.deadline_us = deadline_us;
  state.live.deadlines.emplace(deadline_us, id);
  return true;
}

std::vector<LeaseId> overdue_leases(const State& state, SteadyUs now_us) {
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
