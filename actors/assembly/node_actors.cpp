#include "actors/assembly/node_actors.hpp"

#include <algorithm>
#include <utility>

#include "actors/base/shell/actor_handle.hpp"
#include "actors/queue/shell/queue_actor.hpp"
#include "actors/receiver/shell/async_actor.hpp"
#include "actors/receiver/shell/receiver_actor.hpp"
#include "actors/sender/shell/numbered_actor.hpp"
#include "actors/sender/shell/sender_actor.hpp"

namespace millrace {
namespace {

using queues::QueueNumber;

}  // namespace

NodeActors::NodeActors(Surroundings surroundings, NodePlan plan)
    : surroundings_(std::move(surroundings)),
      plan_(std::move(plan)),
      asks_(plan_),
      breakers_(plan_, [this](const std::string& queue) { wake(queue); }) {
  for (const StagePlan& stage : plan_.stages) stage.meter->set_on_failure(surroundings_.on_failure);
}

void NodeActors::spawn_queues(Store& store, const AnyActor& reader) {
  const Writing lock(mutex_);
  reader_ = reader;
  handles_.resize(store.next_number());
  for (auto& [number, queue] : store.queues()) {
    const pb::Declaration& declaration = queue.declaration;
    const bool is_quiesced =
        surroundings_.federation != nullptr && !declaration.has_outbox() &&
        surroundings_.federation->is_fenced(declaration.name(), declaration.shard());
    declarations_.emplace(number, declaration);
    breakers_.recovered(*queue.state, surroundings_.clock->steady_us());
    spawn_queue(std::move(queue.state), declaration, is_quiesced);
  }
}

// The queue calls origins, feeders and cycle on its own thread whenever it needs them, because
// their results change as shards move.
void NodeActors::spawn_queue(std::unique_ptr<queues::State> state,
                             const pb::Declaration& declaration, bool is_quiesced) {
  queues::QueueActorConfig config;
  config.state = std::move(state);
  config.quiesced = is_quiesced;
  plan_.configure(*config.state, declaration);
  config.log = surroundings_.log;
  config.clock = surroundings_.clock;
  config.reader = reader_;
  config.states = surroundings_.states;
  config.seed = surroundings_.seed;
  config.on_violation = surroundings_.on_violation;
  config.on_outdated = surroundings_.outdated;
  const std::string queue = queue_of(declaration);
  if (!declaration.has_outbox()) config.breaker = breakers_.of(queue);
  const bool is_read = config.state->dead_letters != 0;
  if (surroundings_.start_paused && is_read && !declaration.staged()) {
    config.start_paused = std::make_shared<const queues::PauseCommand>(queues::PauseCommand{
        .reason = "the node was started paused", .by = "runtime.start_paused"});
  }
  if (declaration.dead_letters()) {
    config.origins = [this, shard = declaration.shard()] {
      const Reading lock(mutex_);
      return plan_.origins(shard);
    };
  }
  config.feeders = [this, queue] {
    const Reading lock(mutex_);
    return handles_of(plan_.held_back_by(queue));
  };
  config.cycle = [this, queue] {
    const Reading lock(mutex_);
    return handles_of(plan_.closed_by(queue));
  };
  takes_dead_letters_.resize(handles_.size());
  takes_dead_letters_[declaration.number()] = declaration.dead_letters();
  queues::QueueHandle& handle = handles_[declaration.number()];
  handle = queues::spawn_queue(*surroundings_.system, std::move(config));
  if (!surroundings_.queue_ended) return;
  watch_actor(handle,
              [ended = surroundings_.queue_ended, name = declaration.name()] { ended(name); });
}

std::vector<queues::QueueHandle> NodeActors::handles_of(
    const std::vector<QueueNumber>& numbers) const {
  std::vector<queues::QueueHandle> handles;
  handles.reserve(numbers.size());
  for (const QueueNumber number : numbers) handles.push_back(handles_[number]);
  return handles;
}

receivers::ReceiverConfig NodeActors::receiver_config(const StagePlan& stage) const {
  receivers::ReceiverConfig config;
  config.spec = asks_.with_handlers(stage.spec);
  config.targets = plan_.targets(stage);
  config.reply_targets = asks_.reply_targets(*stage.spec);
  const std::vector<QueueNumber>& served = plan_.queues.at(stage.spec->source.name).served;
  const std::size_t sources = served.size() - static_cast<std::size_t>(std::count(
                                                  served.begin(), served.end(), QueueNumber{0}));
  for (std::uint32_t shard = 0; shard < served.size(); ++shard) {
    if (served[shard] == 0) continue;
    config.sources.push_back(
        {served[shard], shard, handles_[served[shard]], credit_of(*stage.spec, sources)});
  }
  config.clock = surroundings_.clock;
  config.observer = stage.meter.get();
  config.gate = gate_;
  config.running = surroundings_.running;
  config.run_messages = plan_.queues.at(stage.spec->source.name).limits.run_messages;
  config.own_thread = surroundings_.threads && stage.spec->options.blocking;
  return config;
}

void NodeActors::spawn_receivers() {
  const Writing lock(mutex_);
  asks_.start(*surroundings_.system, *surroundings_.clock);
  std::vector<receivers::ExternalStages::Stage> external;
  for (const StagePlan& stage : plan_.stages) {
    if (stage.spec->is_external) {
      spawn_external(stage, external);
    } else if (stage.spec->make_async) {
      receivers_.push_back(receivers::spawn_async(*surroundings_.system, receiver_config(stage)));
    } else {
      receivers_.push_back(
          receivers::spawn_receiver(*surroundings_.system, receiver_config(stage)));
    }
  }
  external_stages_ = std::make_shared<const receivers::ExternalStages>(std::move(external));
}

void NodeActors::spawn_external(const StagePlan& stage,
                                std::vector<receivers::ExternalStages::Stage>& stages) {
  receivers_.push_back(
      receivers::spawn_external(*surroundings_.system, receiver_config(stage),
                                receivers::ExternalStages::token_prefix(stages.size())));
  stages.push_back({stage.pipeline, stage.spec, receivers_.back()});
}

std::shared_ptr<const receivers::ExternalStages> NodeActors::external_stages() const {
  const Reading lock(mutex_);
  return external_stages_;
}

void NodeActors::spawn_forwarders() {
  std::vector<OutboxPlan> outboxes;
  {
    const Reading lock(mutex_);
    outboxes = plan_.outboxes;
  }
  for (const OutboxPlan& outbox : outboxes) spawn_forwarder(outbox);
}

void NodeActors::spawn_forwarder(const OutboxPlan& outbox) {
  queues::OfferHandle target = target_of(outbox.queue, outbox.shard);
  const Writing lock(mutex_);
  if (has_ended_ || !target) return;  // the node is stopping
  forwarders::ForwarderConfig config;
  config.outbox = outbox_name(outbox.queue) + "/" + std::to_string(outbox.shard);
  config.producer = outbox.producer;
  config.source = handles_[outbox.number];
  config.target = std::move(target);
  config.generations = outbox.generations;
  config.accepts_loss = plan_.accepts_loss;
  config.on_outdated = surroundings_.outdated;
  config.clock = surroundings_.clock;
  forwarders_.push_back({outbox.queue, outbox.shard,
                         forwarders::spawn_forwarder(*surroundings_.system, std::move(config))});
}

queues::OfferHandle NodeActors::target_of(const std::string& queue, std::uint32_t shard) const {
  {
    const Reading lock(mutex_);
    if (const QueueNumber number = plan_.queues.at(queue).served[shard]; number != 0) {
      return queues::as_offer_handle(handles_[number]);
    }
  }
  return surroundings_.federation->remote(*surroundings_.system, queue, shard);
}

void NodeActors::retarget(const std::string& queue, std::uint32_t shard) {
  {
    const Reading lock(mutex_);
    const auto is_it = [&](const Forwarder& forwarder) {
      return forwarder.queue == queue && forwarder.shard == shard;
    };
    if (std::none_of(forwarders_.begin(), forwarders_.end(), is_it)) return;
  }
  queues::OfferHandle target = target_of(queue, shard);
  if (!target) return;  // the node is stopping
  const Reading lock(mutex_);
  for (const Forwarder& forwarder : forwarders_) {
    if (forwarder.queue != queue || forwarder.shard != shard) continue;
    tell(forwarder.actor, forwarders::RetargetMessage{target});
  }
}

void NodeActors::compact(QueueNumber number, logs::SegmentNumber before,
                         std::function<void()> done) const {
  queues::QueueHandle queue;
  {
    const Reading lock(mutex_);
    queue = handles_[number];
  }
  if (!queue) return done();
  tell(queue,
       queues::CompactMessage{before, std::make_shared<std::function<void()>>(std::move(done))});
}

std::size_t NodeActors::snapshot(logs::Lsn lsn,
                                 std::function<void(const queues::State&)> sink) const {
  const auto shared = std::make_shared<std::function<void(const queues::State&)>>(std::move(sink));
  const Reading lock(mutex_);
  for (const auto& [number, declaration] : declarations_) {
    tell(handles_[number], queues::SnapshotMessage{lsn, shared});
  }
  return declarations_.size();
}

void NodeActors::deliver(QueueNumber number,
                         std::shared_ptr<const std::vector<queues::CommittedChange>> changes) {
  const Reading lock(mutex_);
  if (takes_dead_letters_[number]) asks_.on_dead_letters(*changes);
  tell(handles_[number], queues::CommitMessage{std::move(changes)});
}

Result<AnyActor> NodeActors::spawn_sender(const std::string& queue, const std::string& type,
                                          const SenderOptions& options,
                                          std::shared_ptr<senders::SenderInbox> inbox) {
  if (options.producer.empty() || options.producer.size() > 200) {
    return Error{ErrorCode::invalid_argument, "producer: expected a name of 1 to 200 characters"};
  }
  const Reading lock(mutex_);
  const auto plan = plan_.queues.find(queue);
  if (plan == plan_.queues.end()) {
    return Error{ErrorCode::not_found, "no pipeline has a queue " + queue};
  }
  if (plan->second.type != type) {
    return Error{ErrorCode::invalid_argument,
                 "queue " + queue + " carries " + plan->second.type + ", not " + type};
  }
  senders::SenderConfig config;
  config.producer = options.producer;
  config.epoch = options.epoch;
  config.limits = options.limits;
  config.numbers = plan->second.ingresses;
  config.clock = surroundings_.clock;
  config.shards = handles_of(config.numbers);
  return senders::spawn_sender(*surroundings_.system, std::move(config), std::move(inbox));
}

Result<void> NodeActors::offer_numbered(const std::string& queue, std::uint32_t shard,
                                        std::shared_ptr<const queues::Offer> offer,
                                        senders::NumberedDone done) const {
  const auto target = served(queue, shard);
  if (!target) return target.error();
  if (!target->handle) return Error{ErrorCode::not_owner, "another node serves the shard"};
  senders::spawn_numbered(*surroundings_.system, target->handle, std::move(offer), std::move(done));
  return {};
}

Result<QueueNumber> NodeActors::find(const std::string& queue, std::uint32_t shard,
                                     NumbersOfPlan numbers) const {
  const auto plan = plan_.queues.find(queue);
  if (plan == plan_.queues.end()) {
    return Error{ErrorCode::not_found, "no pipeline has a queue " + queue};
  }
  const std::vector<QueueNumber>& found = plan->second.*numbers;
  if (shard >= found.size()) {
    return Error{
        ErrorCode::invalid_argument,
        "shard " + std::to_string(shard) + "; expected less than " + std::to_string(found.size())};
  }
  return found[shard];
}

LocalQueue NodeActors::local(QueueNumber number) const {
  return number == 0 ? LocalQueue{} : LocalQueue{handles_[number], number};
}

std::vector<const pb::Declaration*> NodeActors::unnamed(const std::string& queue) const {
  std::vector<const pb::Declaration*> found;
  if (plan_.queues.contains(queue)) return found;
  for (const auto& [number, declaration] : declarations_) {
    if (declaration.name() == queue && !declaration.staged()) found.push_back(&declaration);
  }
  return found;
}

bool NodeActors::is_named(const pb::Declaration& declaration) const {
  const Reading lock(mutex_);
  return plan_.queues.contains(queue_of(declaration));
}

Result<LocalQueue> NodeActors::served(const std::string& queue, std::uint32_t shard) const {
  const Reading lock(mutex_);
  for (const pb::Declaration* one : unnamed(queue)) {
    if (one->shard() == shard && !one->has_outbox()) return local(one->number());
  }
  const auto number = find(queue, shard, &QueuePlan::served);
  if (!number) return number.error();
  return local(*number);
}

Result<LocalQueue> NodeActors::ingress(const std::string& queue, std::uint32_t shard) const {
  const Reading lock(mutex_);
  const auto number = find(queue, shard, &QueuePlan::ingresses);
  if (!number) return number.error();
  return local(*number);
}

void NodeActors::flush() {
  const Reading lock(mutex_);
  for (const Forwarder& forwarder : forwarders_) {
    tell(forwarder.actor, queues::DrainMessage{});
  }
}

void NodeActors::give_back() {
  const Reading lock(mutex_);
  for (const Forwarder& forwarder : forwarders_) {
    tell(forwarder.actor, forwarders::GiveBackMessage{});
  }
}

void NodeActors::end() {
  const Writing lock(mutex_);
  has_ended_ = true;
  reader_ = {};  // the reader's thread ends with its last handle
  for (const AnyActor& receiver : receivers_) end_actor(receiver);
  for (const Forwarder& forwarder : forwarders_) {
    end_actor(forwarder.actor);
  }
  for (const queues::QueueHandle& handle : handles_) end_actor(handle);
  asks_.end();
}

AnyActor NodeActors::reader() const {
  const Reading lock(mutex_);
  return reader_;
}

std::vector<pb::Declaration> NodeActors::declarations() const {
  const Reading lock(mutex_);
  std::vector<pb::Declaration> all;
  all.reserve(declarations_.size());
  for (const auto& [number, declaration] : declarations_) all.push_back(declaration);
  return all;
}

std::vector<StageCounts> NodeActors::stage_counts() const {
  const Reading lock(mutex_);
  std::vector<StageCounts> counts;
  for (const StagePlan& stage : plan_.stages) {
    const auto& served = plan_.queues.at(stage.spec->source.name).served;
    const bool runs = std::any_of(served.begin(), served.end(), [](auto n) { return n != 0; });
    if (!runs) continue;
    counts.push_back(stage.meter->counts());
    counts.back().breaker = breakers_.view(stage.spec->source.name);
  }
  return counts;
}

queues::QueueHandle NodeActors::handle(QueueNumber number) const {
  const Reading lock(mutex_);
  return handles_[number];
}

// --- A shard that moves ---

std::vector<NodeActors::ServedQueue> NodeActors::served_queues(std::span<const std::string> queues,
                                                               std::uint32_t shard) const {
  const Reading lock(mutex_);
  std::vector<ServedQueue> members;
  for (const std::string& queue : queues) {
    const QueueNumber number = plan_.queues.at(queue).served[shard];
    if (number != 0) members.push_back({declarations_.at(number), handles_[number]});
  }
  return members;
}

std::vector<queues::QueueHandle> NodeActors::other_ingresses(std::span<const std::string> queues,
                                                             std::uint32_t shard) const {
  const Reading lock(mutex_);
  std::vector<QueueNumber> numbers;
  for (const auto& [name, plan] : plan_.queues) {
    const bool is_own = std::find(queues.begin(), queues.end(), name) != queues.end();
    for (std::uint32_t i = 0; i < plan.ingresses.size(); ++i) {
      // An outbox that existed before the queue moved here stays the ingress.
      const bool is_quiesced = is_own && i == shard && plan.ingresses[i] == plan.served[i];
      if (plan.ingresses[i] != 0 && !is_quiesced) numbers.push_back(plan.ingresses[i]);
    }
  }
  return handles_of(numbers);
}

// All queues get their numbers first, because a queue needs that of its dead letter queue.
Result<std::vector<pb::Declaration>> NodeActors::add_staged(std::span<const std::string> queues,
                                                            std::uint32_t shard, bool began_anew) {
  const Writing lock(mutex_);
  if (has_ended_) return Error{ErrorCode::draining, "the node is stopping"};
  std::vector<pb::Declaration> staged;
  for (const std::string& name : queues) {
    const QueuePlan& plan = plan_.queues.at(name);
    if (plan.served[shard] != 0) {
      return Error{ErrorCode::invalid_argument,
                   "shard " + std::to_string(shard) + " of " + name + " is served here"};
    }
    pb::Declaration& queue = staged.emplace_back(plan_.declaration(name, shard));
    queue.set_number(static_cast<QueueNumber>(handles_.size()));
    queue.set_staged(true);
    queue.set_began_anew(began_anew);
    handles_.emplace_back();
  }
  const auto number_of = [&staged](const std::string& name) -> QueueNumber {
    const auto found = std::find_if(staged.begin(), staged.end(),
                                    [&](const auto& queue) { return queue.name() == name; });
    return found == staged.end() ? 0 : found->number();
  };
  for (const pb::Declaration& queue : staged) {
    Store store;
    if (auto declared = store.declare(queue); !declared) return declared.error();
    std::unique_ptr<queues::State> state = std::move(store.queues().at(queue.number()).state);
    if (surroundings_.states != nullptr) state->durable.keyed.keep_on_disk(false);
    state->dead_letters = number_of(plan_.queues.at(queue.name()).dead_letters);
    spawn_queue(std::move(state), queue, true);
  }
  return staged;
}

void NodeActors::on_staged_declared(const std::vector<pb::Declaration>& staged) {
  const Writing lock(mutex_);
  for (const pb::Declaration& queue : staged) declarations_.emplace(queue.number(), queue);
}

void NodeActors::install_staged(const std::vector<pb::Declaration>& staged) {
  {
    const Writing lock(mutex_);
    for (const pb::Declaration& queue : staged) {
      declarations_.at(queue.number()) = queue;
      declarations_.at(queue.number()).set_staged(false);
      QueuePlan& plan = plan_.queues.at(queue.name());
      plan.served[queue.shard()] = queue.number();
      if (plan.ingresses[queue.shard()] == 0) plan.ingresses[queue.shard()] = queue.number();
    }
    for (const pb::Declaration& queue : staged) {
      tell(handles_[queue.number()], queues::ServeMessage{});
      add_source(queue);
    }
    rewire();
  }
  for (const pb::Declaration& queue : staged) retarget(queue.name(), queue.shard());
}

// The receivers of the shards that are here keep their credit.
void NodeActors::add_source(const pb::Declaration& queue) {
  for (std::size_t i = 0; i < receivers_.size(); ++i) {
    const StageSpec& stage = *plan_.stages[i].spec;
    if (stage.source.name != queue.name()) continue;
    const std::vector<QueueNumber>& served = plan_.queues.at(queue.name()).served;
    const auto none = std::count(served.begin(), served.end(), QueueNumber{0});
    tell(receivers_[i],
         receivers::AddSourceMessage{std::make_shared<const receivers::Source>(
             receivers::Source{queue.number(), queue.shard(), handles_[queue.number()],
                               credit_of(stage, served.size() - static_cast<std::size_t>(none))})});
  }
}

void NodeActors::remove_staged(const std::vector<pb::Declaration>& staged) {
  const Writing lock(mutex_);
  for (const pb::Declaration& queue : staged) {
    declarations_.erase(queue.number());
    retire(queue.number());
  }
}

void NodeActors::wake(const std::string& queue) const {
  const Reading lock(mutex_);
  for (const QueueNumber number : plan_.queues.at(queue).served) {
    if (number != 0) tell(handles_[number], queues::WakeMessage{});
  }
}

void NodeActors::rewire() {
  for (const auto& [number, declaration] : declarations_) {
    tell(handles_[number], queues::RewiredMessage{});
  }
}

// By a message, because an exit would overtake earlier messages: a checkpoint waits for the
// snapshot of this queue.
void NodeActors::retire(QueueNumber number) {
  tell(std::exchange(handles_[number], {}), queues::RetireMessage{});
}

std::vector<NodeActors::GivenUpQueue> NodeActors::plan_give_up(std::span<const std::string> queues,
                                                               std::uint32_t shard) const {
  const Reading lock(mutex_);
  std::vector<GivenUpQueue> leaving;
  for (const std::string& name : queues) {
    const QueuePlan& plan = plan_.queues.at(name);
    const QueueNumber number = plan.served[shard];
    if (number == 0) continue;
    GivenUpQueue& one = leaving.emplace_back();
    one.number = number;
    if (plan.is_dead_letter || plan.ingresses[shard] != number) continue;
    one.outbox = declarations_.at(number);
    one.outbox->set_name(outbox_name(name));
    one.outbox->set_dead_letters(false);
    one.outbox->set_topics(false);
    one.outbox->clear_state_type();
    one.outbox->mutable_outbox()->set_producer(
        outbox_producer_name(plan_.outbox_producer, name, shard));
  }
  return leaving;
}

void NodeActors::give_up(const std::vector<GivenUpQueue>& leaving) {
  std::vector<OutboxPlan> fresh;
  std::vector<std::pair<std::string, std::uint32_t>> turned;
  {
    const Writing lock(mutex_);
    for (const GivenUpQueue& one : leaving) {
      const pb::Declaration& served = declarations_.at(one.number);
      QueuePlan& plan = plan_.queues.at(served.name());
      const std::uint32_t shard = served.shard();
      plan.served[shard] = 0;
      for (const AnyActor& receiver : receivers_) {
        tell(receiver, receivers::DropSourceMessage{one.number});
      }
      if (one.outbox) {
        plan_.outboxes.push_back({one.number,
                                  served.name(),
                                  shard,
                                  one.outbox->outbox().producer(),
                                  {{plan_.generation, one.up_to}}});
        fresh.push_back(plan_.outboxes.back());
        declarations_[one.number] = *one.outbox;
        continue;
      }
      turned.emplace_back(served.name(), shard);
      if (plan.ingresses[shard] == one.number) plan.ingresses[shard] = 0;
      declarations_.erase(one.number);
      retire(one.number);
    }
    rewire();
  }
  for (const OutboxPlan& outbox : fresh) spawn_forwarder(outbox);
  for (const auto& [queue, shard] : turned) retarget(queue, shard);
}

}  // namespace millrace
