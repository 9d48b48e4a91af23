#include "actors/runtime/node_actors.hpp"

#include <algorithm>
#include <utility>

#include <caf/all.hpp>

#include "actors/queue/queue_actor.hpp"
#include "actors/receiver/supervisor_actor.hpp"
#include "actors/runtime/operator_actor.hpp"
#include "actors/sender/sender_actor.hpp"

namespace millrace {
namespace {

Error other_type(const std::string& queue, const std::string& carried, const std::string& type) {
  return {ErrorCode::invalid_argument, "queue " + queue + " carries " + carried + ", not " + type};
}

}  // namespace

void NodeActors::spawn_queues(Store& store, const caf::actor& reader) {
  handles_.resize(store.next_number());
  for (auto& [number, queue] : store.queues()) {
    queues::QueueActorConfig config;
    config.state = std::move(queue.state);
    plan_.configure(*config.state);
    config.log = surroundings_.log;
    config.clock = surroundings_.clock;
    config.reader = reader;
    config.seed = surroundings_.seed;
    if (queue.declaration.dead_letters()) {
      config.origins = plan_.origins(queue.declaration.shard());
    }
    config.feeders = [this, id = number] {
      return handles_of(plan_.holds_back(id));
    };
    config.cycle = [this, id = number] {
      return handles_of(plan_.closes(id));
    };
    handles_[number] = queues::spawn_queue(*surroundings_.system, std::move(config));
    declarations_.push_back(queue.declaration);
    if (!surroundings_.queue_ended) continue;
    handles_[number]->attach_functor([ended = surroundings_.queue_ended,
                                      name = queue.declaration.name()](const caf::error& reason) {
      if (reason != caf::exit_reason::user_shutdown) ended(name);
    });
  }
}

std::vector<queues::QueueHandle> NodeActors::handles_of(
    const std::vector<queues::QueueNumber>& numbers) const {
  std::vector<queues::QueueHandle> handles;
  handles.reserve(numbers.size());
  for (const queues::QueueNumber number : numbers) handles.push_back(handles_[number]);
  return handles;
}

void NodeActors::spawn_receivers() {
  std::vector<receivers::ReceiverConfig> configs;
  for (const WorkerPlan& worker : plan_.workers) {
    receivers::ReceiverConfig config;
    config.spec = worker.spec;
    config.targets = worker.targets;
    config.shard = worker.shards.front();
    for (const queues::QueueNumber number : worker.sources) {
      config.sources.push_back({number, handles_[number]});
    }
    config.credit = worker.credit;
    config.clock = surroundings_.clock;
    config.observer = worker.meter.get();
    config.own_thread = surroundings_.threads && worker.spec->options.blocking;
    configs.push_back(std::move(config));
  }
  supervisor_ = receivers::spawn_supervisor(*surroundings_.system, std::move(configs));
}

void NodeActors::spawn_forwarders() {
  for (const OutboxPlan& outbox : plan_.outboxes) {
    forwarders::ForwarderConfig config;
    config.outbox = outbox_name(outbox.queue) + "/" + std::to_string(outbox.shard);
    config.producer = outbox.producer;
    config.source = handles_[outbox.number];
    config.target = surroundings_.remote(outbox.queue, outbox.shard);
    config.clock = surroundings_.clock;
    forwarders_.push_back(forwarders::spawn_forwarder(*surroundings_.system, std::move(config)));
  }
}

void NodeActors::deliver(queues::QueueNumber number,
                         std::shared_ptr<const std::vector<queues::CommittedChange>> changes) {
  caf::anon_send(handles_[number], queues::CommitMessage{std::move(changes)});
}

Result<caf::actor> NodeActors::spawn_sender(const std::string& queue, const std::string& type,
                                            const SenderOptions& options,
                                            std::shared_ptr<senders::Outbound> outbound) {
  if (options.producer.empty() || options.producer.size() > 200) {
    return Error{ErrorCode::invalid_argument, "producer: expected a name of 1 to 200 characters"};
  }
  const auto numbers = plan_.numbers.find(queue);
  if (numbers == plan_.numbers.end()) {
    return Error{ErrorCode::not_found, "no pipeline has a queue " + queue};
  }
  senders::SenderConfig config;
  config.producer = options.producer;
  config.epoch = options.epoch;
  config.limits = options.limits;
  config.numbers = numbers->second;
  config.clock = surroundings_.clock;
  for (const queues::QueueNumber number : config.numbers) {
    config.shards.push_back(handles_[number]);
  }
  for (const pb::Declaration& declaration : declarations_) {
    if (declaration.name() != queue || declaration.type() == type) continue;
    return other_type(queue, declaration.type(), type);
  }
  return senders::spawn_sender(*surroundings_.system, std::move(config), std::move(outbound));
}

LocalQueue NodeActors::local(const std::string& queue, std::uint32_t shard) const {
  const auto numbers = plan_.numbers.find(queue);
  if (numbers == plan_.numbers.end() || shard >= numbers->second.size()) return {};
  const queues::QueueNumber number = numbers->second[shard];
  return plan_.is_served(number) ? LocalQueue{handles_[number], number} : LocalQueue{};
}

// An outbox may be looked at, but its target counts its messages without a gap, and would wait for
// ever for one that is taken out.
Result<void> NodeActors::operate(const std::string& queue, const caf::actor& reader,
                                 Operation operation, std::function<void(OperationResult)> done) {
  OperatorConfig config;
  const auto add = [&](queues::QueueNumber number) -> OperatorConfig::Shard& {
    OperatorConfig::Shard& shard = config.shards.emplace_back();
    shard.number = number;
    shard.queue = handles_[number];
    return shard;
  };
  for (const OutboxPlan& outbox : plan_.outboxes) {
    if (outbox_name(outbox.queue) == queue) add(outbox.number);
  }
  const auto numbers = plan_.numbers.find(queue);
  if (config.shards.empty() && numbers == plan_.numbers.end()) {
    return Error{ErrorCode::not_found, "no pipeline has a queue " + queue};
  }
  if (!config.shards.empty() && operation.verb != Operation::Verb::peek) {
    return Error{ErrorCode::invalid_argument,
                 queue + " is an outbox: what is in it leaves by being delivered only"};
  }
  if (operation.verb == Operation::Verb::redrive && !takes_letters(queue)) {
    return Error{ErrorCode::invalid_argument, "queue " + queue + " takes no dead letters"};
  }
  for (std::uint32_t i = 0; numbers != plan_.numbers.end() && i < numbers->second.size(); ++i) {
    if (!plan_.is_served(numbers->second[i])) continue;
    OperatorConfig::Shard& shard = add(numbers->second[i]);
    if (operation.verb != Operation::Verb::redrive) continue;
    for (const auto& [name, number] : plan_.origins(i)) shard.origins[name] = handles_[number];
  }
  config.reader = reader;
  config.done = std::move(done);
  config.operation = std::move(operation);
  spawn_operator(*surroundings_.system, std::move(config));
  return {};
}

bool NodeActors::takes_letters(const std::string& queue) const {
  return std::any_of(declarations_.begin(), declarations_.end(), [&](const pb::Declaration& d) {
    return d.name() == queue && d.dead_letters();
  });
}

void NodeActors::flush() {
  for (const caf::actor& forwarder : forwarders_) {
    caf::anon_send(forwarder, queues::DrainMessage{});
  }
}

void NodeActors::give_back() {
  for (const caf::actor& forwarder : forwarders_) {
    caf::anon_send(forwarder, forwarders::GiveBackMessage{});
  }
}

void NodeActors::end() {
  caf::anon_send_exit(supervisor_, caf::exit_reason::user_shutdown);
  for (const caf::actor& forwarder : forwarders_) {
    caf::anon_send_exit(forwarder, caf::exit_reason::user_shutdown);
  }
  for (const queues::QueueHandle& handle : handles_) {
    if (handle) caf::anon_send_exit(handle, caf::exit_reason::user_shutdown);
  }
}

}  // namespace millrace
