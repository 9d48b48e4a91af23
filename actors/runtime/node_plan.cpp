#include "actors/runtime/node_plan.hpp"

#include <algorithm>

namespace millrace {
namespace {

constexpr std::uint32_t receiver_credit = 256;

Result<void> check_shards(const Store& store, std::uint32_t shards) {
  std::uint32_t stored = 0;
  for (const auto& [number, queue] : store.queues()) {
    stored = std::max(stored, queue.declaration.shard() + 1);
  }
  if (stored == 0 || stored == shards) return {};
  return Error{ErrorCode::invalid_argument, "the data directory has " + std::to_string(stored) +
                                                " shards, the node was asked to run " +
                                                std::to_string(shards)};
}

Result<void> add_queue(NodePlan& plan, const WiredQueue& queue, Store& store,
                       std::uint32_t shards) {
  for (std::uint32_t shard = 0; shard < shards; ++shard) {
    if (StoredQueue* stored = store.find(queue.name, shard)) {
      if (stored->declaration.type() != queue.type) {
        return Error{ErrorCode::invalid_argument,
                     "queue " + queue.name + " holds messages of type " +
                         stored->declaration.type() + ", the pipeline expects " + queue.type};
      }
      plan.numbers[queue.name].push_back(stored->declaration.number());
      if (stored->declaration.dead_letters() != queue.is_dead_letter) {
        stored->declaration.set_dead_letters(queue.is_dead_letter);
        plan.fresh.push_back(stored->declaration);
      }
      continue;
    }
    pb::Declaration declaration;
    declaration.set_number(store.next_number());
    declaration.set_name(queue.name);
    declaration.set_shard(shard);
    declaration.set_type(queue.type);
    declaration.set_dead_letters(queue.is_dead_letter);
    if (auto declared = store.declare(declaration); !declared) return declared;
    plan.numbers[queue.name].push_back(declaration.number());
    plan.fresh.push_back(std::move(declaration));
  }
  return {};
}

queues::Limits limits_of(const StageSpec& spec, queues::Limits limits) {
  limits.lease_us = spec.options.timeout.count();
  limits.failed_max = spec.options.retry.attempts - 1;
  // Each attempt is a lease, and not every lease comes to an attempt.
  limits.acquired_max = std::max(limits.acquired_max, 2 * spec.options.retry.attempts);
  limits.retry_first_us = spec.options.retry.first.count();
  limits.retry_max_us = spec.options.retry.max.count();
  // A batch never holds two messages of one key.
  if (spec.is_batch) limits.run_messages = 1;
  return limits;
}

std::uint32_t credit_of(const StageSpec& spec, std::size_t sources) {
  if (spec.is_batch) return spec.options.batch.max;
  // A worker that blocks takes one at a time, so that the others find something to do.
  if (spec.options.blocking) return 1;
  return std::max<std::uint32_t>(1, receiver_credit / static_cast<std::uint32_t>(sources));
}

// Worker w serves shards w, w + workers, …; more workers than shards share them.
void add_workers(NodePlan& plan, const StageSpec& spec, std::uint32_t shards) {
  const auto shared = std::make_shared<const StageSpec>(spec);
  for (std::uint32_t i = 0; i < spec.options.workers; ++i) {
    WorkerPlan worker{.spec = shared, .shards = {}, .sources = {}};
    for (std::uint32_t shard = i % shards; shard < shards;
         shard += std::min(spec.options.workers, shards)) {
      worker.shards.push_back(shard);
      worker.sources.push_back(plan.numbers[spec.source.name][shard]);
    }
    for (const QueueSpec& target : spec.targets) {
      worker.targets.push_back(plan.numbers[target.name]);
    }
    worker.credit = credit_of(spec, worker.sources.size());
    plan.workers.push_back(std::move(worker));
  }
}

const std::vector<queues::QueueNumber>& find_or_none(
    const std::map<queues::QueueNumber, std::vector<queues::QueueNumber>>& lists,
    queues::QueueNumber number) {
  static const std::vector<queues::QueueNumber> none;
  const auto found = lists.find(number);
  return found == lists.end() ? none : found->second;
}

}  // namespace

void NodePlan::configure(queues::State& state) const {
  if (const auto found = limits.find(state.number); found != limits.end()) {
    state.limits = found->second;
  }
  if (const auto found = dead_letters.find(state.number); found != dead_letters.end()) {
    state.dead_letters = found->second;
  }
}

queues::Origins NodePlan::origins(std::uint32_t shard) const {
  queues::Origins origins;
  for (const auto& [name, by_shard] : numbers) origins.emplace(name, by_shard[shard]);
  return origins;
}

const std::vector<queues::QueueNumber>& NodePlan::holds_back(queues::QueueNumber number) const {
  return find_or_none(held_back, number);
}

const std::vector<queues::QueueNumber>& NodePlan::closes(queues::QueueNumber number) const {
  return find_or_none(cycles, number);
}

Result<NodePlan> plan_node(const Wiring& wiring, std::span<const PipelineSpec> pipelines,
                           Store& store, const RuntimeOptions& options) {
  NodePlan plan;
  if (auto checked = check_shards(store, options.shards); !checked) return checked.error();
  for (const WiredQueue& queue : wiring.queues) {
    if (auto added = add_queue(plan, queue, store, options.shards); !added) return added.error();
  }
  for (const WiredStage& stage : wiring.stages) {
    const StageSpec& spec = pipelines[stage.pipeline].stages[stage.stage];
    add_workers(plan, spec, options.shards);
    const auto& sources = plan.numbers[wiring.queues[stage.source].name];
    const auto& letters = plan.numbers[wiring.queues[stage.dead_letter].name];
    for (std::size_t shard = 0; shard < sources.size(); ++shard) {
      plan.limits[sources[shard]] = limits_of(spec, options.limits);
      plan.dead_letters[sources[shard]] = letters[shard];
    }
  }
  for (const WiredQueue& queue : wiring.queues) {
    for (const queues::QueueNumber number : plan.numbers[queue.name]) {
      for (const std::size_t held : queue.holds_back) {
        const auto& numbers = plan.numbers[wiring.queues[held].name];
        plan.held_back[number].insert(plan.held_back[number].end(), numbers.begin(), numbers.end());
      }
      for (const std::size_t member : queue.refuses_offers) {
        if (wiring.queues[member].name == queue.name) continue;  // it has a limit of its own
        const auto& numbers = plan.numbers[wiring.queues[member].name];
        plan.cycles[number].insert(plan.cycles[number].end(), numbers.begin(), numbers.end());
      }
    }
  }
  return plan;
}

}  // namespace millrace
