// Queues that an operator defines while the node runs.
#include <algorithm>
#include <utility>

#include "actors/assembly/node_actors.hpp"
#include "actors/pipeline/wiring.hpp"

namespace millrace {

using queues::QueueNumber;

Result<void> NodeActors::define_queue(const StageSpec& stage) {
  const Writing lock(mutex_);
  if (has_ended_ || !external_stages_) {
    return Error{ErrorCode::draining, "the node does not serve"};
  }
  for (const std::string& name : {stage.source.name, dead_letter_queue(stage)}) {
    if (!plan_.queues.contains(name)) continue;
    return Error{ErrorCode::invalid_argument, "there is a queue " + name + " already"};
  }
  // The log may have messages of a queue that was taken out of the configuration: the next start finds them.
  if (const auto left = unnamed(stage.source.name); !left.empty()) {
    return Error{ErrorCode::invalid_argument,
                 "the log has a queue " + stage.source.name +
                     " that no pipeline names any more: expected another name"};
  }
  plan_.define(stage, receivers::leased_queues);
  const StagePlan& added = plan_.stages.back();
  added.meter->set_on_failure(surroundings_.on_failure);
  breakers_.add(added);
  std::vector<receivers::ExternalStages::Stage> stages = external_stages_->stages();
  spawn_external(added, stages);
  external_stages_ = std::make_shared<const receivers::ExternalStages>(std::move(stages));
  return {};
}

std::vector<pb::Declaration> NodeActors::declare_defined(const std::string& queue,
                                                         std::uint32_t shard, bool serves) {
  const Writing lock(mutex_);
  std::vector<pb::Declaration> declared;
  const auto plan = plan_.queues.find(queue);
  if (has_ended_ || plan == plan_.queues.end() || plan->second.ingresses[shard] != 0)
    return declared;
  const auto add = [&](const std::string& name) -> pb::Declaration& {
    pb::Declaration& one = declared.emplace_back(plan_.declaration(name, shard));
    one.set_number(static_cast<QueueNumber>(handles_.size()));
    handles_.emplace_back();
    return one;
  };
  if (serves) {
    // First, because the queue needs its number.
    add(plan->second.dead_letters);
    add(queue);
    return declared;
  }
  pb::Declaration& outbox = add(queue);
  outbox.set_name(outbox_name(queue));
  outbox.clear_state_type();
  outbox.mutable_outbox()->set_producer(outbox_producer_name(plan_.outbox_producer, queue, shard));
  return declared;
}

void NodeActors::install_defined(const std::vector<pb::Declaration>& declared) {
  std::vector<OutboxPlan> outboxes;
  {
    const Writing lock(mutex_);
    if (has_ended_) return;
    for (const pb::Declaration& one : declared) {
      QueuePlan& plan = plan_.queues.at(queue_of(one));
      if (!one.has_outbox()) plan.served[one.shard()] = one.number();
      plan.ingresses[one.shard()] = one.number();
      Store store;
      // It cannot fail: the number is new, and the store is empty.
      [[maybe_unused]] const auto added = store.declare(one);
      std::unique_ptr<queues::State> state = std::move(store.queues().at(one.number()).state);
      if (one.has_outbox()) {
        queues::begin_generation(*state, plan_.generation);
        outboxes.push_back({one.number(), queue_of(one), one.shard(), one.outbox().producer(),
                            state->durable.generations});
        plan_.outboxes.push_back(outboxes.back());
      } else if (surroundings_.states != nullptr) {
        state->durable.keyed.keep_on_disk(false);
      }
      declarations_.emplace(one.number(), one);
      spawn_queue(std::move(state), one, false);
      if (!one.has_outbox()) add_source(one);
    }
    rewire();
  }
  for (const OutboxPlan& outbox : outboxes) spawn_forwarder(outbox);
}

bool NodeActors::is_complete(const std::string& queue) const {
  const Reading lock(mutex_);
  const auto plan = plan_.queues.find(queue);
  if (plan == plan_.queues.end()) return false;
  const std::vector<QueueNumber>& ingresses = plan->second.ingresses;
  return std::find(ingresses.begin(), ingresses.end(), QueueNumber{0}) == ingresses.end();
}

}  // namespace millrace
