#include "actors/runtime/node_plan.hpp"

#include <algorithm>

namespace millrace {
namespace {

constexpr std::uint32_t receiver_credit = 256;

Result<void> check_shards(const Store& store, std::uint32_t shards) {
  for (const auto& [number, queue] : store.queues()) {
    if (queue.declaration.shards() == shards) continue;
    return Error{ErrorCode::invalid_argument,
                 "the data directory has " + std::to_string(queue.declaration.shards()) +
                     " shards, the node was asked to run " + std::to_string(shards)};
  }
  return {};
}

class Planner {
 public:
  Planner(const Wiring& wiring, std::span<const PipelineSpec> pipelines, Store& store,
          const RuntimeOptions& options)
      : wiring_(wiring), pipelines_(pipelines), store_(store), options_(options) {}

  Result<NodePlan> run() {
    if (auto checked = check_shards(store_, options_.shards); !checked) return checked.error();
    for (const WiredQueue& queue : wiring_.queues) {
      for (std::uint32_t shard = 0; shard < options_.shards; ++shard) {
        if (auto added = add_shard(queue, shard); !added) return added.error();
      }
    }
    for (const WiredStage& stage : wiring_.stages) add_stage(stage);
    for (const WiredQueue& queue : wiring_.queues) add_pressure(queue);
    return std::move(plan_);
  }

 private:
  [[nodiscard]] bool serves(const std::string& queue, std::uint32_t shard) const {
    return !options_.serves || options_.serves(queue, shard);
  }

  // Letters stay with the queue that gives up: it is one record.
  [[nodiscard]] bool serves(const WiredQueue& queue, std::uint32_t shard) const {
    if (!queue.is_dead_letter) return serves(queue.name, shard);
    return std::any_of(wiring_.stages.begin(), wiring_.stages.end(), [&](const WiredStage& stage) {
      return wiring_.queues[stage.dead_letter].name == queue.name &&
             serves(wiring_.queues[stage.source].name, shard);
    });
  }

  Result<void> add_shard(const WiredQueue& queue, std::uint32_t shard) {
    auto& numbers = plan_.numbers[queue.name];
    const bool is_served = serves(queue, shard);
    if (!is_served && queue.is_dead_letter) {
      numbers.push_back(0);
      return {};
    }
    pb::Declaration declaration;
    declaration.set_name(is_served ? queue.name : outbox_name(queue.name));
    declaration.set_shard(shard);
    declaration.set_type(queue.type);
    declaration.set_shards(options_.shards);
    declaration.set_dead_letters(queue.is_dead_letter);
    if (!is_served) {
      declaration.mutable_outbox()->set_producer(options_.outbox_producer + "/" + queue.name + "/" +
                                                 std::to_string(shard));
    }
    auto declared = find_or_declare(std::move(declaration));
    if (!declared) return declared.error();
    numbers.push_back((*declared)->number());
    if (is_served && options_.queue_limits.contains(queue.name)) {
      plan_.limits[(*declared)->number()] = limits_for(queue.name);
    }
    if (!is_served) {
      plan_.outboxes.push_back(
          {(*declared)->number(), queue.name, shard, (*declared)->outbox().producer()});
      plan_.limits[(*declared)->number()] = queues::as_outbox(limits_for(queue.name));
    }
    return {};
  }

  Result<const pb::Declaration*> find_or_declare(pb::Declaration declaration) {
    if (StoredQueue* const stored = store_.find(declaration.name(), declaration.shard())) {
      if (stored->declaration.type() == declaration.type()) {
        if (stored->declaration.dead_letters() != declaration.dead_letters()) {
          declaration.set_number(stored->declaration.number());
          if (auto declared = store_.declare(declaration); !declared) return declared.error();
          plan_.fresh.push_back(stored->declaration);
        }
        return &stored->declaration;
      }
      return Error{ErrorCode::invalid_argument,
                   "queue " + declaration.name() + " holds messages of type " +
                       stored->declaration.type() + ", the pipeline expects " + declaration.type()};
    }
    declaration.set_number(store_.next_number());
    if (auto declared = store_.declare(declaration); !declared) return declared.error();
    plan_.fresh.push_back(declaration);
    return &store_.find(declaration.name(), declaration.shard())->declaration;
  }

  [[nodiscard]] const queues::Limits& limits_for(const std::string& queue) const {
    const auto found = options_.queue_limits.find(queue);
    return found == options_.queue_limits.end() ? options_.limits : found->second;
  }

  void add_stage(const WiredStage& stage);
  void add_workers(const StageSpec& spec, const std::shared_ptr<StageMeter>& meter);
  void add_pressure(const WiredQueue& queue);

  const Wiring& wiring_;
  std::span<const PipelineSpec> pipelines_;
  Store& store_;
  const RuntimeOptions& options_;
  NodePlan plan_;
};

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

void Planner::add_stage(const WiredStage& stage) {
  const PipelineSpec& pipeline = pipelines_[stage.pipeline];
  const StageSpec& spec = pipeline.stages[stage.stage];
  add_workers(spec, std::make_shared<StageMeter>(pipeline.name, spec.name,
                                                 stage.stage + 1 == pipeline.stages.size()));
  const auto& sources = plan_.numbers[wiring_.queues[stage.source].name];
  const auto& letters = plan_.numbers[wiring_.queues[stage.dead_letter].name];
  for (std::uint32_t shard = 0; shard < sources.size(); ++shard) {
    if (!serves(spec.source.name, shard)) continue;
    plan_.limits[sources[shard]] = limits_of(spec, limits_for(spec.source.name));
    plan_.dead_letters[sources[shard]] = letters[shard];
  }
}

// Of the shards that are served here, worker w takes the w-th, the (w + workers)-th, …; more
// workers than shards share them.
void Planner::add_workers(const StageSpec& spec, const std::shared_ptr<StageMeter>& meter) {
  std::vector<std::uint32_t> shards;
  for (std::uint32_t shard = 0; shard < options_.shards; ++shard) {
    if (serves(spec.source.name, shard)) shards.push_back(shard);
  }
  if (shards.empty()) return;
  const auto shared = std::make_shared<const StageSpec>(spec);
  for (std::size_t i = 0; i < spec.options.workers; ++i) {
    WorkerPlan worker{.spec = shared, .shards = {}, .sources = {}};
    for (std::size_t at = i % shards.size(); at < shards.size();
         at += std::min<std::size_t>(spec.options.workers, shards.size())) {
      worker.shards.push_back(shards[at]);
      worker.sources.push_back(plan_.numbers[spec.source.name][shards[at]]);
    }
    for (const QueueSpec& target : spec.targets) {
      worker.targets.push_back(plan_.numbers[target.name]);
    }
    worker.meter = meter;
    worker.credit = credit_of(spec, worker.sources.size());
    plan_.workers.push_back(std::move(worker));
  }
}

// A full outbox holds back as the queue would that it is for. Outboxes themselves are not held
// back: the queue that is full here does not get what they carry away.
void Planner::add_pressure(const WiredQueue& queue) {
  for (const queues::QueueNumber number : plan_.numbers[queue.name]) {
    if (number == 0) continue;
    for (const std::size_t held : queue.holds_back) {
      const std::string& name = wiring_.queues[held].name;
      for (std::uint32_t shard = 0; shard < options_.shards; ++shard) {
        if (serves(name, shard)) plan_.held_back[number].push_back(plan_.numbers[name][shard]);
      }
    }
    for (const std::size_t member : queue.refuses_offers) {
      const std::string& name = wiring_.queues[member].name;
      if (name == queue.name) continue;  // it has a limit of its own
      for (std::uint32_t shard = 0; shard < options_.shards; ++shard) {
        if (serves(name, shard)) plan_.cycles[number].push_back(plan_.numbers[name][shard]);
      }
    }
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

bool NodePlan::is_served(queues::QueueNumber number) const {
  const auto is_it = [number](const OutboxPlan& outbox) {
    return outbox.number == number;
  };
  return number != 0 && std::none_of(outboxes.begin(), outboxes.end(), is_it);
}

std::string outbox_name(const std::string& queue) {
  return "outbox/" + queue;
}

Result<NodePlan> plan_node(const Wiring& wiring, std::span<const PipelineSpec> pipelines,
                           Store& store, const RuntimeOptions& options) {
  return Planner(wiring, pipelines, store, options).run();
}

}  // namespace millrace
