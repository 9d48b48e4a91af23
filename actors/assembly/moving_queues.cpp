// The part of NodeActors that changes what a running node serves.
#include <algorithm>
#include <utility>

#include "actors/assembly/node_actors.hpp"
#include "actors/base/shell/tell_actor.hpp"
#include "actors/receiver/shell/supervisor_actor.hpp"

namespace millrace {
namespace {

using queues::QueueNumber;

}  // namespace

std::vector<NodeActors::Member> NodeActors::members(std::span<const std::string> queues,
                                                    std::uint32_t shard) const {
  const Reading lock(mutex_);
  std::vector<Member> members;
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
      // A queue that came to this node is reached through the outbox that was there before.
      const bool is_quiesced = is_own && i == shard && plan.ingresses[i] == plan.served[i];
      if (plan.ingresses[i] != 0 && !is_quiesced) numbers.push_back(plan.ingresses[i]);
    }
  }
  return handles_of(numbers);
}

// All get their numbers before the first is made, which may give up into another.
Result<std::vector<pb::Declaration>> NodeActors::add_copies(std::span<const std::string> queues,
                                                            std::uint32_t shard) {
  const Writing lock(mutex_);
  if (has_ended_) return Error{ErrorCode::draining, "the node is stopping"};
  std::vector<pb::Declaration> copies;
  for (const std::string& name : queues) {
    const QueuePlan& plan = plan_.queues.at(name);
    if (plan.served[shard] != 0) {
      return Error{ErrorCode::invalid_argument,
                   "shard " + std::to_string(shard) + " of " + name + " is served here"};
    }
    pb::Declaration& copy = copies.emplace_back();
    copy.set_number(static_cast<QueueNumber>(handles_.size()));
    copy.set_name(name);
    copy.set_shard(shard);
    copy.set_type(plan.type);
    copy.set_shards(plan_.shards);
    copy.set_dead_letters(plan.is_dead_letter);
    copy.set_staged(true);
    handles_.emplace_back();
  }
  const auto number_of = [&copies](const std::string& name) -> QueueNumber {
    const auto found = std::find_if(copies.begin(), copies.end(),
                                    [&](const auto& copy) { return copy.name() == name; });
    return found == copies.end() ? 0 : found->number();
  };
  for (const pb::Declaration& copy : copies) {
    Store store;
    if (auto declared = store.declare(copy); !declared) return declared.error();
    std::unique_ptr<queues::State> state = std::move(store.queues().at(copy.number()).state);
    state->dead_letters = number_of(plan_.queues.at(copy.name()).dead_letters);
    spawn_queue(std::move(state), copy, true);
  }
  return copies;
}

void NodeActors::declared(const std::vector<pb::Declaration>& copies) {
  const Writing lock(mutex_);
  for (const pb::Declaration& copy : copies) declarations_.emplace(copy.number(), copy);
}

void NodeActors::install(const std::vector<pb::Declaration>& copies) {
  {
    const Writing lock(mutex_);
    for (const pb::Declaration& copy : copies) {
      declarations_.at(copy.number()).set_staged(false);
      QueuePlan& plan = plan_.queues.at(copy.name());
      plan.served[copy.shard()] = copy.number();
      if (plan.ingresses[copy.shard()] == 0) plan.ingresses[copy.shard()] = copy.number();
    }
    for (const pb::Declaration& copy : copies) {
      tell(handles_[copy.number()], queues::ServeMessage{});
      for (std::size_t i = 0; i < plan_.stages.size(); ++i) {
        const StageSpec& stage = *plan_.stages[i].spec;
        if (stage.source.name != copy.name()) continue;
        const WorkerPlan worker{.stage = i,
                                .shards = {copy.shard()},
                                .sources = {copy.number()},
                                .credit = credit_of(stage, 1)};
        tell(supervisor_,
             receivers::AddWorkerMessage{
                 std::make_shared<const receivers::ReceiverConfig>(receiver_config(worker))});
      }
    }
    rewire();
  }
  for (const pb::Declaration& copy : copies) retarget(copy.name(), copy.shard());
}

void NodeActors::remove(const std::vector<pb::Declaration>& copies) {
  const Writing lock(mutex_);
  for (const pb::Declaration& copy : copies) {
    declarations_.erase(copy.number());
    retire(copy.number());
  }
}

void NodeActors::rewire() {
  for (const auto& [number, declaration] : declarations_) {
    tell(handles_[number], queues::RewiredMessage{});
  }
}

// By a message, not by an exit, which would overtake what the queue was asked before: a checkpoint
// waits for its snapshot.
void NodeActors::retire(QueueNumber number) {
  tell(std::exchange(handles_[number], {}), queues::RetireMessage{});
}

std::vector<NodeActors::Leaving> NodeActors::leaving(std::span<const std::string> queues,
                                                     std::uint32_t shard) const {
  const Reading lock(mutex_);
  std::vector<Leaving> leaving;
  for (const std::string& name : queues) {
    const QueuePlan& plan = plan_.queues.at(name);
    const QueueNumber number = plan.served[shard];
    if (number == 0) continue;
    Leaving& one = leaving.emplace_back();
    one.number = number;
    if (plan.is_dead_letter || plan.ingresses[shard] != number) continue;
    one.outbox = declarations_.at(number);
    one.outbox->set_name(outbox_name(name));
    one.outbox->set_dead_letters(false);
    one.outbox->mutable_outbox()->set_producer(
        outbox_producer_name(plan_.outbox_producer, name, shard));
  }
  return leaving;
}

void NodeActors::become_outbox(const std::vector<Leaving>& leaving) {
  std::vector<OutboxPlan> fresh;
  std::vector<std::pair<std::string, std::uint32_t>> turned;
  {
    const Writing lock(mutex_);
    for (const Leaving& one : leaving) {
      const pb::Declaration& served = declarations_.at(one.number);
      QueuePlan& plan = plan_.queues.at(served.name());
      const std::uint32_t shard = served.shard();
      plan.served[shard] = 0;
      tell(supervisor_, receivers::DropSourceMessage{one.number});
      if (one.outbox) {
        plan_.outboxes.push_back(
            {one.number, served.name(), shard, one.outbox->outbox().producer()});
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
