// What operators do with the queues of a node.
#include <algorithm>
#include <utility>

#include "actors/assembly/node_actors.hpp"
#include "actors/base/shell/actor_handle.hpp"
#include "actors/operate/shell/operator_actor.hpp"
#include "actors/queue/shell/queue_actor.hpp"
#include "messages/hash.hpp"

namespace millrace {

using queues::QueueNumber;

// An outbox allows peek only: its target expects dense numbers and would wait for ever for a
// message that was removed.
Result<void> NodeActors::operate(const std::string& queue, const AnyActor& reader,
                                 Operation operation, std::function<void(OperationResult)> done) {
  OperatorConfig config;
  const Reading lock(mutex_);
  const auto add = [&](QueueNumber number) -> OperatorConfig::Shard& {
    OperatorConfig::Shard& shard = config.shards.emplace_back();
    shard.number = number;
    shard.queue = handles_[number];
    return shard;
  };
  const bool is_redrive = operation.verb == Operation::Verb::redrive;
  bool is_outbox = false;
  bool keeps_topics = false;
  bool has_dead_letters = false;
  const auto add_declared = [&](const pb::Declaration& declaration) {
    is_outbox = is_outbox || declaration.has_outbox();
    keeps_topics = keeps_topics || declaration.topics();
    has_dead_letters = has_dead_letters || declaration.dead_letters();
    OperatorConfig::Shard& shard = add(declaration.number());
    if (!is_redrive) return;
    for (const auto& [name, number] : plan_.origins(declaration.shard())) {
      shard.origins[name] = handles_[number];
    }
  };
  const auto plan = plan_.queues.find(queue);
  if (plan != plan_.queues.end()) {
    has_dead_letters = plan->second.is_dead_letter;
    for (const QueueNumber number : plan->second.served) {
      if (number != 0) add_declared(declarations_.at(number));
    }
  } else {
    // An outbox, or a queue of a pipeline that was removed.
    const std::vector<const pb::Declaration*> declared = unnamed(queue);
    if (declared.empty()) {
      return Error{ErrorCode::not_found, "no pipeline and no log has a queue " + queue};
    }
    for (const pb::Declaration* one : declared) add_declared(*one);
  }
  if (is_outbox && operation.verb != Operation::Verb::peek) {
    return Error{ErrorCode::invalid_argument,
                 queue + " is an outbox: its messages cannot be removed"};
  }
  if (keeps_topics && operation.verb != Operation::Verb::peek) {
    return Error{
        ErrorCode::invalid_argument,
        queue + " keeps topics: their records go when no group needs them and they are old"};
  }
  if (is_redrive && !has_dead_letters) {
    return Error{ErrorCode::invalid_argument, "queue " + queue + " holds no dead letters"};
  }
  config.reader = reader;
  config.done = std::move(done);
  config.operation = std::move(operation);
  spawn_operator(*surroundings_.system, std::move(config));
  return {};
}

Result<std::vector<queues::QueueHandle>> NodeActors::to_pause(const std::string& queue,
                                                              const std::string& key) const {
  const Reading lock(mutex_);
  const auto plan = plan_.queues.find(queue);
  if (plan == plan_.queues.end()) {
    return Error{ErrorCode::not_found, "no pipeline has a queue " + queue};
  }
  std::vector<queues::QueueHandle> handles;
  const std::vector<QueueNumber>& served = plan->second.served;
  for (std::uint32_t shard = 0; shard < served.size(); ++shard) {
    const bool is_meant = key.empty() || shard == shard_of(key, plan_.shards);
    if (is_meant && served[shard] != 0) handles.push_back(handles_[served[shard]]);
  }
  if (!key.empty() && handles.empty()) {
    return Error{ErrorCode::not_owner, "another node serves the key's shard of " + queue};
  }
  return handles;
}

}  // namespace millrace
