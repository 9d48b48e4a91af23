#include "actors/runtime/node_actors.hpp"

#include <utility>

#include <caf/all.hpp>

#include "actors/queue/queue_actor.hpp"
#include "actors/sender/sender_actor.hpp"

namespace millrace {

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
    config.feeders = [this, id = number] {
      std::vector<queues::QueueHandle> feeders;
      for (const queues::QueueNumber feeder : plan_.holds_back(id)) {
        feeders.push_back(handles_[feeder]);
      }
      return feeders;
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

void NodeActors::spawn_receivers() {
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
    config.own_thread = surroundings_.threads && worker.spec->options.blocking;
    receivers_.push_back(receivers::spawn_receiver(*surroundings_.system, std::move(config)));
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
    return Error{ErrorCode::invalid_argument,
                 "queue " + queue + " carries " + declaration.type() + ", not " + type};
  }
  return senders::spawn_sender(*surroundings_.system, std::move(config), std::move(outbound));
}

void NodeActors::end() {
  for (const caf::actor& receiver : receivers_) {
    caf::anon_send_exit(receiver, caf::exit_reason::user_shutdown);
  }
  // The thread of a detached actor ends only when nobody refers to the actor any more, and the
  // actor system waits for its threads.
  receivers_.clear();
  for (const queues::QueueHandle& handle : handles_) {
    if (handle) caf::anon_send_exit(handle, caf::exit_reason::user_shutdown);
  }
}

}  // namespace millrace
