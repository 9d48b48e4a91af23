#include "actors/assembly/node_plan.hpp"

#include <algorithm>
#include <utility>

#include "actors/receiver/shell/external_stages.hpp"
#include "actors/receiver/shell/receiver_actor.hpp"
#include "messages/schema.hpp"

namespace millrace {
namespace {

using queues::QueueNumber;

constexpr std::uint32_t worker_credit = 256;
constexpr std::string_view outbox_prefix = "outbox/";
constexpr const char* advice_on_numbers =
    ": give the field a number that no field had, and handle both until the old ones are gone";
constexpr std::size_t record_bytes_max = 2u << 20;
constexpr std::size_t retired_per_record = 10'000;

/// Removes `count` items from the front of `items` and returns them.
template <class Item>
std::span<Item> take_front(std::span<Item>& items, std::size_t count) {
  const std::span<Item> front = items.first(count);
  items = items.subspan(count);
  return front;
}

/// How many of the declarations one record takes; at least one.
std::size_t that_fit(std::span<const pb::Declaration> declarations) {
  std::size_t count = 0;
  std::size_t bytes = 0;
  while (count < declarations.size()) {
    bytes += declarations[count].ByteSizeLong();
    if (count > 0 && bytes > record_bytes_max) break;
    ++count;
  }
  return count;
}

Result<void> check_shards(const Store& store, std::uint32_t shards) {
  for (const auto& [number, queue] : store.queues()) {
    if (queue.declaration.shards() == shards) continue;
    return Error{ErrorCode::invalid_argument,
                 "the data directory has " + std::to_string(queue.declaration.shards()) +
                     " shards, the node was asked to run " + std::to_string(shards)};
  }
  return {};
}

bool keeps_values(const queues::State& state) {
  const auto& keys = state.durable.keyed.keys();
  return state.durable.keyed.has_stored() ||
         std::any_of(keys.begin(), keys.end(),
                     [](const auto& one) { return one.second.value != nullptr; });
}

// A state type that the log does not name is from before it named any, and is accepted.
Result<void> check_types(const StoredQueue& stored, const pb::Declaration& declaration) {
  const pb::Declaration& old = stored.declaration;
  if (old.type() != declaration.type()) {
    return Error{ErrorCode::invalid_argument, "queue " + declaration.name() +
                                                  " holds messages of type " + old.type() +
                                                  ", the pipeline expects " + declaration.type()};
  }
  const queues::Durable& durable = stored.state->durable;
  if (old.topics() != declaration.topics() && durable.index.size() > 0) {
    return Error{ErrorCode::invalid_argument,
                 "queue " + declaration.name() +
                     (old.topics() ? " keeps topics, and is to keep none"
                                   : " has messages for a stage, and is to keep topics") +
                     ": only a queue without messages can change that"};
  }
  const bool differ = !old.state_type().empty() && !declaration.state_type().empty() &&
                      old.state_type() != declaration.state_type();
  if (differ && keeps_values(*stored.state)) {
    return Error{ErrorCode::invalid_argument,
                 "queue " + declaration.name() + " keeps states of type " + old.state_type() +
                     " for its keys, the stage expects " + declaration.state_type()};
  }
  if (stored.state->durable.index.size() > 0) {
    if (const auto conflict = conflict_of(old.schema(), declaration.schema())) {
      return Error{ErrorCode::invalid_argument, "queue " + declaration.name() +
                                                    " holds messages that would be read wrongly: " +
                                                    *conflict + advice_on_numbers};
    }
  }
  if (keeps_values(*stored.state)) {
    if (const auto conflict = conflict_of(old.state_schema(), declaration.state_schema())) {
      return Error{ErrorCode::invalid_argument,
                   "queue " + declaration.name() +
                       " keeps states for its keys that would be read wrongly: " + *conflict +
                       advice_on_numbers};
    }
  }
  return {};
}

/// The schema to declare: with the fields of before, as long as something with them may be there.
pb::Schema next_schema(const pb::Schema& before, const pb::Schema& now, bool is_in_use) {
  return is_in_use ? merged(before, now) : now;
}

bool is_equal(const pb::Schema& a, const pb::Schema& b) {
  return a.SerializeAsString() == b.SerializeAsString();
}

queues::Limits limits_of(const StageSpec& spec, queues::Limits limits) {
  limits.lease_us = spec.options.timeout.count();
  const std::uint32_t attempts = spec.options.retry.attempts;
  limits.failed_max = attempts == 0 ? queues::no_limit : attempts - 1;
  // Each attempt needs a lease; a lease may end without an attempt.
  limits.acquired_max = std::max(limits.acquired_max, 2 * attempts);
  limits.retry_first_us = spec.options.retry.first.count();
  limits.retry_max_us = spec.options.retry.max.count();
  if (spec.options.keep_state.count() > 0) limits.keep_state_us = spec.options.keep_state.count();
  // A batch never holds two messages of one key.
  if (spec.is_batch) limits.run_messages = 1;
  return limits;
}

class Planner {
 public:
  Planner(const Wiring& wiring, std::span<const PipelineSpec> pipelines, Store& store,
          const RuntimeOptions& options)
      : wiring_(wiring), pipelines_(pipelines), store_(store), options_(options) {
    plan_.outbox_producer = options.outbox_producer;
    plan_.shards = options.shards;
    plan_.generation = options.generation;
    plan_.accepts_loss = options.accepts_loss;
    plan_.default_limits = options.limits;
  }

  Result<NodePlan> run() {
    if (auto checked = check_shards(store_, options_.shards); !checked) return checked.error();
    for (const auto& [number, queue] : store_.queues()) {
      if (queue.declaration.staged()) plan_.leftover.push_back(number);
    }
    for (const WiredQueue& queue : wiring_.queues) add_queue(queue);
    for (const WiredStage& stage : wiring_.stages) add_stage(stage);
    for (const WiredStage& stage : wiring_.stages) {
      if (auto renamed = rename_queues(stage); !renamed) return renamed.error();
    }
    for (const WiredQueue& queue : wiring_.queues) {
      for (std::uint32_t shard = 0; shard < options_.shards; ++shard) {
        if (auto added = add_shard(queue, shard); !added) return added.error();
      }
    }
    // Outboxes that no pipeline names any more are part of the generation too.
    for (auto& [number, queue] : store_.queues())
      queues::begin_generation(*queue.state, plan_.generation);
    return std::move(plan_);
  }

 private:
  [[nodiscard]] bool serves(const std::string& queue, std::uint32_t shard) const {
    return !options_.serves || options_.serves(queue, shard);
  }

  // A dead letter stays on the node of its message: one record ends the message and appends it.
  [[nodiscard]] bool serves(const WiredQueue& queue, std::uint32_t shard) const {
    if (!queue.is_dead_letter) return serves(queue.name, shard);
    return std::any_of(wiring_.stages.begin(), wiring_.stages.end(), [&](const WiredStage& stage) {
      return wiring_.queues[stage.dead_letter].name == queue.name &&
             serves(wiring_.queues[stage.source].name, shard);
    });
  }

  void add_queue(const WiredQueue& queue);
  void add_stage(const WiredStage& stage);
  Result<void> rename_queues(const WiredStage& stage);
  Result<void> rename(const std::string& former, const std::string& name, std::uint32_t shard);
  Result<void> add_shard(const WiredQueue& queue, std::uint32_t shard);
  Result<QueueNumber> add_served(const WiredQueue& queue, std::uint32_t shard);
  Result<QueueNumber> add_outbox(const WiredQueue& queue, std::uint32_t shard);
  Result<const pb::Declaration*> find_or_declare(pb::Declaration declaration);

  [[nodiscard]] pb::Declaration declare(const WiredQueue& queue, std::uint32_t shard) const {
    pb::Declaration declaration = plan_.declaration(queue.name, shard);
    if (const pb::Schema& schema = schema_for(queue.type); schema.message_size() > 0) {
      *declaration.mutable_schema() = schema;
    }
    if (const pb::Schema& schema = schema_for(declaration.state_type());
        schema.message_size() > 0) {
      *declaration.mutable_state_schema() = schema;
    }
    return declaration;
  }

  [[nodiscard]] const pb::Schema& schema_for(const std::string& type) const {
    const auto [place, is_new] = schemas_.try_emplace(type);
    if (is_new && !type.empty()) place->second = schema_of(type);
    return place->second;
  }

  [[nodiscard]] const queues::Limits& limits_for(const std::string& queue) const {
    const auto found = options_.queue_limits.find(queue);
    return found == options_.queue_limits.end() ? options_.limits : found->second;
  }

  const Wiring& wiring_;
  std::span<const PipelineSpec> pipelines_;
  Store& store_;
  const RuntimeOptions& options_;
  NodePlan plan_;
  mutable std::map<std::string, pb::Schema> schemas_;  ///< by type
};

// Dead letter queues hold nothing back. A full outbox holds back the same queues as its target.
void Planner::add_queue(const WiredQueue& queue) {
  QueuePlan& plan = plan_.queues[queue.name];
  plan.type = queue.type;
  plan.is_dead_letter = queue.is_dead_letter;
  plan.keeps_topics = queue.keeps_topics;
  plan.limits = limits_for(queue.name);
  plan.outbox_limits = queues::as_outbox(limits_for(queue.name));
  for (const std::size_t held : queue.holds_back) {
    plan.holds_back.push_back(wiring_.queues[held].name);
  }
  for (const std::size_t member : queue.refuses_offers) {
    const std::string& name = wiring_.queues[member].name;
    if (name != queue.name) plan.closes.push_back(name);  // its own limit refuses offers
  }
}

void Planner::add_stage(const WiredStage& stage) {
  const PipelineSpec& pipeline = pipelines_[stage.pipeline];
  const StageSpec& spec = pipeline.stages[stage.stage];
  const bool is_last =
      stage.stage + 1 == pipeline.stages.size() || pipeline.name == receivers::leased_queues;
  plan_.stages.push_back({pipeline.name, std::make_shared<const StageSpec>(spec),
                          std::make_shared<StageMeter>(pipeline.name, spec.name, is_last)});
  QueuePlan& source = plan_.queues[spec.source.name];
  source.limits = limits_of(spec, limits_for(spec.source.name));
  source.dead_letters = wiring_.queues[stage.dead_letter].name;
  source.state_type = spec.state_type;
  source.definition = spec.definition;
}

// Of the queues, those between two stages are named after one of them, and dead letter queues after
// the queue that the stage reads.
Result<void> Planner::rename_queues(const WiredStage& stage) {
  const PipelineSpec& pipeline = pipelines_[stage.pipeline];
  const StageSpec& spec = pipeline.stages[stage.stage];
  if (spec.options.was.empty()) return {};
  const std::string name = pipeline.name + "." + spec.name;
  const std::string former = pipeline.name + "." + spec.options.was;
  if (plan_.queues.contains(former)) {
    return Error{ErrorCode::invalid_argument, "pipeline " + pipeline.name + ", stage " + spec.name +
                                                  ": was = " + spec.options.was +
                                                  ", but there is a queue " + former + " still"};
  }
  for (const char* const suffix : {"", ".dead"}) {
    if (!plan_.queues.contains(name + suffix)) continue;
    if (!plan_.former.emplace(former + suffix, name + suffix).second) {
      return Error{ErrorCode::invalid_argument,
                   "pipeline " + pipeline.name + ": two stages were " + spec.options.was};
    }
    for (std::uint32_t shard = 0; shard < options_.shards; ++shard) {
      for (const bool is_outbox : {false, true}) {
        const auto named = [is_outbox](const std::string& queue) {
          return is_outbox ? outbox_name(queue) : queue;
        };
        auto renamed = rename(named(former + suffix), named(name + suffix), shard);
        if (!renamed) return renamed;
      }
    }
  }
  return {};
}

// A queue of the new name that was never used is from a start without `was`, and gives way.
Result<void> Planner::rename(const std::string& former, const std::string& name,
                             std::uint32_t shard) {
  StoredQueue* const stored = store_.find(former, shard);
  if (stored == nullptr) return {};
  if (StoredQueue* const other = store_.find(name, shard)) {
    const queues::Durable& durable = other->state->durable;
    if (durable.ledger.offered > 0 || !durable.keyed.keys().empty() || durable.keyed.has_stored()) {
      return Error{ErrorCode::invalid_argument,
                   "queue " + former + " cannot become " + name +
                       ", which has had messages of its own: take `was` away, and let a pipeline "
                       "read " +
                       former + " until it is empty"};
    }
    const QueueNumber number = other->declaration.number();
    plan_.leftover.push_back(number);
    store_.queues().erase(number);
  }
  pb::Declaration next = store_.find(former, shard)->declaration;
  next.set_was(former);
  next.set_name(name);
  if (auto declared = store_.declare(next); !declared) return declared;
  plan_.fresh.push_back(std::move(next));
  return {};
}

// A queue that another node owns, though this one never gave it up, stays as it is: sealed, and beside
// the outbox.
Result<void> Planner::add_shard(const WiredQueue& queue, std::uint32_t shard) {
  QueuePlan& plan = plan_.queues[queue.name];
  const bool is_served = serves(queue, shard);
  QueueNumber served = 0;
  if (is_served) {
    auto added = add_served(queue, shard);
    if (!added) return added.error();
    served = *added;
  }
  plan.served.push_back(served);
  QueueNumber ingress = served;
  const bool has_outbox = store_.find(outbox_name(queue.name), shard) != nullptr;
  if (has_outbox || (!is_served && !queue.is_dead_letter)) {
    auto added = add_outbox(queue, shard);
    if (!added) return added.error();
    ingress = *added;
  }
  plan.ingresses.push_back(ingress);
  return {};
}

Result<QueueNumber> Planner::add_served(const WiredQueue& queue, std::uint32_t shard) {
  auto declared = find_or_declare(declare(queue, shard));
  if (!declared) return declared.error();
  return (*declared)->number();
}

Result<QueueNumber> Planner::add_outbox(const WiredQueue& queue, std::uint32_t shard) {
  pb::Declaration declaration = declare(queue, shard);
  declaration.set_name(outbox_name(queue.name));
  declaration.clear_topics();
  declaration.clear_state_type();
  declaration.clear_state_schema();
  declaration.mutable_outbox()->set_producer(
      outbox_producer_name(options_.outbox_producer, queue.name, shard));
  auto declared = find_or_declare(std::move(declaration));
  if (!declared) return declared.error();
  const pb::Declaration& outbox = **declared;
  queues::State& state = *store_.find(outbox.name(), shard)->state;
  queues::begin_generation(state, plan_.generation);
  plan_.outboxes.push_back(
      {outbox.number(), queue.name, shard, outbox.outbox().producer(), state.durable.generations});
  return outbox.number();
}

Result<const pb::Declaration*> Planner::find_or_declare(pb::Declaration declaration) {
  if (StoredQueue* const stored = store_.find(declaration.name(), declaration.shard())) {
    if (auto checked = check_types(*stored, declaration); !checked) return checked.error();
    pb::Declaration next = stored->declaration;
    next.set_dead_letters(declaration.dead_letters());
    next.set_topics(declaration.topics());
    if (declaration.has_definition()) {
      *next.mutable_definition() = declaration.definition();
    } else {
      next.clear_definition();  // the configuration names the queue now
    }
    if (!declaration.state_type().empty()) next.set_state_type(declaration.state_type());
    if (declaration.has_schema()) {
      *next.mutable_schema() =
          next_schema(next.schema(), declaration.schema(), stored->state->durable.index.size() > 0);
    }
    if (declaration.has_state_schema()) {
      *next.mutable_state_schema() = next_schema(next.state_schema(), declaration.state_schema(),
                                                 keeps_values(*stored->state));
    }
    if (next.dead_letters() != stored->declaration.dead_letters() ||
        next.topics() != stored->declaration.topics() ||
        next.has_definition() != stored->declaration.has_definition() ||
        next.state_type() != stored->declaration.state_type() ||
        !is_equal(next.schema(), stored->declaration.schema()) ||
        !is_equal(next.state_schema(), stored->declaration.state_schema())) {
      if (auto declared = store_.declare(next); !declared) return declared.error();
      plan_.fresh.push_back(stored->declaration);
    }
    return &stored->declaration;
  }
  declaration.set_number(store_.next_number());
  if (auto declared = store_.declare(declaration); !declared) return declared.error();
  plan_.fresh.push_back(declaration);
  return &store_.find(declaration.name(), declaration.shard())->declaration;
}

// Outboxes are not held back: their messages do not go to the full queue of this node.
std::vector<QueueNumber> served_of(const NodePlan& plan, const std::vector<std::string>& queues) {
  std::vector<QueueNumber> numbers;
  for (const std::string& name : queues) {
    for (const QueueNumber number : plan.queues.at(name).served) {
      if (number != 0) numbers.push_back(number);
    }
  }
  return numbers;
}

}  // namespace

void NodePlan::define(const StageSpec& stage, const std::string& pipeline) {
  QueuePlan& source = queues[stage.source.name];
  source.type = stage.source.type;
  source.state_type = stage.state_type;
  source.definition = stage.definition;
  source.limits = limits_of(stage, default_limits);
  source.outbox_limits = queues::as_outbox(default_limits);
  source.dead_letters = dead_letter_queue(stage);
  QueuePlan& dead = queues[source.dead_letters];
  dead.type = stage.source.type;
  dead.is_dead_letter = true;
  dead.limits = default_limits;
  dead.outbox_limits = queues::as_outbox(default_limits);
  for (QueuePlan* const queue : {&source, &dead}) {
    queue->served.assign(shards, 0);
    queue->ingresses.assign(shards, 0);
  }
  this->stages.push_back({pipeline, std::make_shared<const StageSpec>(stage),
                          std::make_shared<StageMeter>(pipeline, stage.name, true)});
}

pb::Declaration NodePlan::declaration(const std::string& queue, std::uint32_t shard) const {
  const QueuePlan& plan = queues.at(queue);
  pb::Declaration declaration;
  declaration.set_name(queue);
  declaration.set_shard(shard);
  declaration.set_type(plan.type);
  declaration.set_shards(shards);
  declaration.set_dead_letters(plan.is_dead_letter);
  declaration.set_topics(plan.keeps_topics);
  declaration.set_state_type(plan.state_type);
  if (plan.definition) *declaration.mutable_definition() = *plan.definition;
  return declaration;
}

void NodePlan::configure(queues::State& state, const pb::Declaration& declaration) const {
  const auto found = queues.find(queue_of(declaration));
  if (found == queues.end()) return;  // the queue's pipeline was removed
  const QueuePlan& plan = found->second;
  state.limits = declaration.has_outbox() ? plan.outbox_limits : plan.limits;
  state.limits.accepts_loss = accepts_loss;
  if (declaration.has_outbox() || plan.dead_letters.empty()) return;
  // The dead letter queue of a staged queue is staged too; add_staged() has set it.
  if (declaration.staged()) return;
  state.dead_letters = queues.at(plan.dead_letters).served[declaration.shard()];
}

queues::Origins NodePlan::origins(std::uint32_t shard) const {
  queues::Origins origins;
  for (const auto& [name, queue] : queues) {
    if (queue.ingresses[shard] != 0) origins.emplace(name, queue.ingresses[shard]);
  }
  // Dead letters from before a stage was renamed.
  for (const auto& [old, name] : former) {
    const auto found = origins.find(name);
    if (found != origins.end()) origins.emplace(old, found->second);
  }
  return origins;
}

std::vector<QueueNumber> NodePlan::held_back_by(const std::string& queue) const {
  const auto found = queues.find(queue);
  if (found == queues.end()) return {};
  return served_of(*this, found->second.holds_back);
}

std::vector<QueueNumber> NodePlan::closed_by(const std::string& queue) const {
  const auto found = queues.find(queue);
  if (found == queues.end()) return {};
  return served_of(*this, found->second.closes);
}

std::vector<std::vector<QueueNumber>> NodePlan::targets(const StagePlan& stage) const {
  std::vector<std::vector<QueueNumber>> targets;
  for (const QueueSpec& target : stage.spec->targets) {
    targets.push_back(queues.at(target.name).ingresses);
  }
  return targets;
}

std::string outbox_name(const std::string& queue) {
  return std::string(outbox_prefix) + queue;
}

std::string outbox_producer_name(const std::string& prefix, const std::string& queue,
                                 std::uint32_t shard) {
  return prefix + "/" + queue + "/" + std::to_string(shard);
}

std::string queue_of(const pb::Declaration& declaration) {
  if (!declaration.has_outbox()) return declaration.name();
  return declaration.name().substr(outbox_prefix.size());
}

std::uint32_t credit_of(const StageSpec& stage, std::size_t sources) {
  const StageOptions& options = stage.options;
  // All workers may run batches of one shard at a time.
  if (stage.is_batch) return options.batch.max * options.workers;
  // One waits, so that a worker finds the next; has_demand_at_begin() lets workers ask for more.
  if (options.blocking) return 1;
  const auto shards = static_cast<std::uint32_t>(std::max<std::size_t>(sources, 1));
  return std::max(options.workers, worker_credit * options.workers / shards);
}

std::size_t running_words(const NodePlan& plan) {
  std::size_t words = receivers::RunningTable::head_words;
  for (const StagePlan& stage : plan.stages) {
    if (stage.spec->is_external) continue;
    const StageOptions& options = stage.spec->options;
    // One that has ended may still have its slot when the next one starts.
    const std::size_t workers =
        2 * options.workers + (options.blocking ? receivers::replaced_max : 0);
    const std::size_t messages = receivers::call_messages(
        *stage.spec, plan.queues.at(stage.spec->source.name).limits.run_messages);
    words += workers * receivers::RunningTable::words_of(messages);
  }
  return words;
}

void add_suspects(NodePlan& plan, Store& store, std::span<const queues::InterruptedCall> calls,
                  bool drained) {
  plan.suspects = queues::decide_suspects(calls, drained, [&](QueueNumber number) {
    const auto queue = store.queues().find(number);
    return queue == store.queues().end() ? nullptr : queue->second.state.get();
  });
  for (const pb::Suspect& suspect : plan.suspects) {
    queues::apply_suspect(*store.queues().at(suspect.queue()).state, suspect);
  }
}

std::vector<std::shared_ptr<const pb::Record>> start_records(const NodePlan& plan, Store& store,
                                                             TimeUs now_us) {
  std::vector<std::shared_ptr<const pb::Record>> records;
  if (plan.fresh.empty() && plan.leftover.empty() && plan.outboxes.empty() &&
      plan.shard_records.empty() && plan.suspects.empty()) {
    return records;
  }
  std::span<const pb::Declaration> fresh = plan.fresh;
  std::span<const QueueNumber> leftover = plan.leftover;
  do {
    auto record = std::make_shared<pb::Record>();
    record->set_at_us(now_us);
    // In the first record: a queue without a record of its shard is one that an earlier version served.
    if (records.empty()) {
      for (const pb::ShardRecord& shard : plan.shard_records) {
        *record->add_shard() = shard;
        store.keep(shard);
      }
      for (const pb::Suspect& suspect : plan.suspects) *record->add_suspect() = suspect;
    }
    for (const pb::Declaration& declaration : take_front(fresh, that_fit(fresh))) {
      *record->add_declare() = declaration;
    }
    for (const QueueNumber number :
         take_front(leftover, std::min(leftover.size(), retired_per_record))) {
      record->add_retire(number);
      store.queues().erase(number);
    }
    // Only the last record has the generation, so that it begins in all outboxes.
    if (fresh.empty() && leftover.empty()) record->set_generation(plan.generation);
    records.push_back(std::move(record));
  } while (!fresh.empty() || !leftover.empty());
  return records;
}

Result<NodePlan> plan_node(const Wiring& wiring, std::span<const PipelineSpec> pipelines,
                           Store& store, const RuntimeOptions& options) {
  return Planner(wiring, pipelines, store, options).run();
}

}  // namespace millrace
