#include "tests/sim/cluster_audit.hpp"

#include <algorithm>
#include <utility>

#include "actors/assembly/node_plan.hpp"
#include "actors/queue/state/backlog.hpp"
#include "actors/queue/state/invariants.hpp"
#include "tests/sim/workload.hpp"

namespace millrace::sim {

ClusterAudit::ClusterAudit(std::span<const Store> stores,
                           std::function<std::string(const std::string&)> role_of, bool has_killers)
    : role_of_(std::move(role_of)), has_killers_(has_killers) {
  for (const Store& store : stores) {
    for (const auto& [shard, record] : store.shards()) {
      std::uint64_t& epoch = epochs_[shard];
      epoch = std::max(epoch, record.ownership().epoch());
      note_owner(shard, record.ownership());
    }
  }
  for (const Store& store : stores) add(store);
}

void ClusterAudit::note_owner(const Shard& shard, const pb::Ownership& told) {
  if (told.epoch() == 0 || told.owner().empty()) return;
  const auto [known, is_new] = owners_.try_emplace({shard, told.epoch()}, told.owner());
  if (is_new || known->second == told.owner() || !two_owners_.empty()) return;
  two_owners_ = "shard " + std::to_string(shard.second) + " of role \"" + shard.first +
                "\" has the owners " + known->second + " and " + told.owner() + " in epoch " +
                std::to_string(told.epoch());
}

std::optional<queues::Sequence> ClusterAudit::moved_up_to(const Store& store,
                                                          const StoredQueue& queue) const {
  if (queue.declaration.has_outbox()) return std::nullopt;
  const auto record =
      store.shards().find({role_of_(queue.declaration.name()), queue.declaration.shard()});
  if (record == store.shards().end()) return std::nullopt;
  if (record->second.ownership().epoch() == epochs_.at(record->first)) return std::nullopt;
  for (const pb::Seal::Boundary& boundary : record->second.offered().seal().boundary()) {
    if (boundary.queue() == queue.declaration.number()) return boundary.last();
  }
  return std::nullopt;
}

void ClusterAudit::add_dead_letters(const queues::Durable& durable,
                                    std::optional<queues::Sequence> moved) {
  durable.index.for_each([&](queues::Sequence sequence, const queues::Entry& /*entry*/) {
    const std::int64_t number = number_in(**durable.index.body(sequence));
    if (!has_killers_ || !is_killer(number)) return;
    --queued_;
    if (!moved || sequence > *moved) killed_.insert(number);
  });
}

void ClusterAudit::add(const Store& store) {
  for (const auto& [number, queue] : store.queues()) {
    if (broken_invariant_.empty()) broken_invariant_ = queues::check_invariants(*queue.state);
    if (queue.declaration.staged()) continue;
    const queues::Durable& durable = queue.state->durable;
    const std::optional<queues::Sequence> moved = moved_up_to(store, queue);
    for (const std::string& name : {entered().name(), passed().name()}) {
      if (queue.declaration.name() != outbox_name(name) && queue.declaration.name() != name) {
        continue;
      }
      Stage& stage = stages_[name];
      durable.index.for_each([&](queues::Sequence sequence, const queues::Entry& /*entry*/) {
        if (moved && sequence <= *moved) return;
        stage.waiting.insert(number_in(**durable.index.body(sequence)));
      });
      if (moved) continue;
      for (const auto& [key, state] : durable.keyed.keys()) {
        if (!state.value) continue;
        for (const std::int64_t value : numbers_in(*state.value)) ++stage.done[value];
      }
    }
    if (queue.declaration.name() == entered().name() + ".dead") add_dead_letters(durable, moved);
    queued_ +=
        durable.index
            .size();  // counts moved messages, too: the cluster is not idle before they are dropped
    if (moved) continue;
    failures_ += durable.ledger.redelivered;
    dead_ += durable.ledger.dead;
  }
}

std::string ClusterAudit::check_once(const std::string& name, const Stage& stage) {
  for (const auto& [number, times] : stage.done) {
    if (times == 1) continue;
    return name + ": " + std::to_string(number) + " is there " + std::to_string(times) + " times";
  }
  return {};
}

std::string ClusterAudit::conserves(std::span<const std::int64_t> confirmed,
                                    std::uint64_t failures) const {
  if (!broken_invariant_.empty()) return broken_invariant_;
  if (!two_owners_.empty()) return two_owners_;
  const Stage& first = stages_.at(entered().name());
  const Stage& second = stages_.at(passed().name());
  if (dead_ > killed_.size()) {
    return std::to_string(dead_) + " messages died, of which " + std::to_string(killed_.size()) +
           " are known killers";
  }
  if (failures_ > failures) {
    return std::to_string(failures_) + " messages failed, but only " + std::to_string(failures) +
           " at handlers";
  }
  for (const std::int64_t number : confirmed) {
    if (first.done.contains(number) || first.waiting.contains(number)) continue;
    if (killed_.contains(number)) continue;
    return "lost: " + std::to_string(number) + ", which was confirmed to its client";
  }
  for (const auto& [number, times] : first.done) {
    if (second.done.contains(number) || second.waiting.contains(number)) continue;
    return "lost: " + std::to_string(number) + ", which was passed on";
  }
  const std::string wrong = check_once(entered().name(), first);
  return wrong.empty() ? check_once(passed().name(), second) : wrong;
}

std::string ClusterAudit::is_complete(std::span<const std::int64_t> numbers) const {
  for (const auto& [name, stage] : stages_) {
    auto left = stage.done;
    for (const std::int64_t number : numbers) {
      const auto found = left.find(number);
      const int times = found == left.end() ? 0 : found->second;
      if (has_killers_ && is_killer(number)) {
        if (times == 0 && killed_.contains(number)) continue;
        return name + ": killer " + std::to_string(number) + " is not a dead letter";
      }
      if (times != 1) {
        return name + ": " + std::to_string(number) + " is there " + std::to_string(times) +
               " times";
      }
      left.erase(found);
    }
    if (!left.empty()) {
      return name + ": " + std::to_string(left.begin()->first) + " was never sent";
    }
  }
  return {};
}

}  // namespace millrace::sim
