#include "tests/sim/cluster_audit.hpp"

#include "actors/queue/queue_core.hpp"
#include "actors/runtime/node_plan.hpp"
#include "tests/sim/workload.hpp"

namespace millrace::sim {

void ClusterAudit::add(const Store& store) {
  for (const std::string& name : {entered().name(), passed().name()}) {
    Stage& stage = stages_[name];
    for (const auto& [number, queue] : store.queues()) {
      const bool is_outbox = queue.declaration.name() == outbox_name(name);
      if (!is_outbox && queue.declaration.name() != name) continue;
      const queues::Durable& durable = queue.state->durable;
      durable.index.for_each([&](queues::Sequence sequence, const queues::Entry& /*entry*/) {
        stage.waiting.insert(number_in(**durable.index.body(sequence)));
      });
      for (const auto& [key, state] : durable.keyed.keys()) {
        if (!state.value) continue;
        for (const std::int64_t value : numbers_in(*state.value)) ++stage.done[value];
      }
    }
  }
  for (const auto& [number, queue] : store.queues()) {
    const queues::Ledger& ledger = queue.state->durable.ledger;
    queued_ += ledger.queued();
    failures_ += ledger.redelivered;
    dead_ += ledger.dead;
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
  const Stage& first = stages_.at(entered().name());
  const Stage& second = stages_.at(passed().name());
  if (dead_ > 0) return std::to_string(dead_) + " messages died";
  if (failures_ > failures) {
    return std::to_string(failures_) + " messages failed, but only " + std::to_string(failures) +
           " at handlers";
  }
  for (const std::int64_t number : confirmed) {
    if (first.done.contains(number) || first.waiting.contains(number)) continue;
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
