#include "actors/store/store.hpp"

#include <algorithm>

#include "actors/queue/decide/suspicion.hpp"
#include "actors/queue/move/target.hpp"
#include "actors/queue/snapshot/snapshot.hpp"
#include "messages/snapshot.pb.h"

namespace millrace {

using queues::QueueNumber;

Result<void> Store::declare(const pb::Declaration& declaration) {
  if (declaration.number() == 0) {
    return Error{ErrorCode::corrupt, "queue " + declaration.name() + " has number 0"};
  }
  StoredQueue& queue = queues_[declaration.number()];
  if (queue.state) {
    auto declared = queues::redeclare(*queue.state, declaration);
    queue.declaration = *queue.state->declaration;
    index(queue.declaration);
    return declared;
  }
  queue.declaration = declaration;
  queue.state = std::make_unique<queues::State>();
  queue.state->limits = limits_;
  queues::declare(*queue.state, declaration);
  last_number_ = std::max(last_number_, declaration.number());
  index(declaration);
  return {};
}

std::vector<pb::Declaration> Store::declarations() const {
  std::vector<pb::Declaration> all;
  all.reserve(queues_.size());
  for (const auto& [number, queue] : queues_) all.push_back(queue.declaration);
  return all;
}

void Store::keep(const pb::ShardRecord& shard) {
  shards_.insert_or_assign({shard.role(), shard.shard()}, shard);
}

Result<void> Store::load(std::string_view bytes) {
  pb::SnapshotPart part;
  if (!part.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return Error{ErrorCode::corrupt, "checkpoint: a part is not a snapshot"};
  }
  if (part.part_case() == pb::SnapshotPart::kShard) {
    keep(part.shard());
    return {};
  }
  if (part.part_case() == pb::SnapshotPart::kHead) {
    const pb::Declaration& declaration = part.head().declaration();
    if (auto declared = declare(declaration); !declared) return declared;
    loading_ = queues_[declaration.number()].state.get();
  }
  if (loading_ == nullptr) {
    return Error{ErrorCode::corrupt, "checkpoint: messages come before their queue"};
  }
  return queues::read_snapshot(*loading_, part);
}

Result<void> Store::apply(const logs::Frame& frame) {
  const auto at = [&frame](const Error& error) {
    return Error{error.code, "segment " + std::to_string(logs::segment_of(frame.place)) +
                                 " offset " + std::to_string(logs::offset_of(frame.place)) + ": " +
                                 error.message};
  };
  auto record = std::make_shared<pb::Record>();
  if (!record->ParseFromArray(frame.body.data(), static_cast<int>(frame.body.size()))) {
    return at({ErrorCode::corrupt, "the frame is whole but holds no record"});
  }
  for (const pb::Declaration& declaration : record->declare()) {
    if (auto checked = check_installed(declaration, *record); !checked) return at(checked.error());
    if (auto declared = declare(declaration); !declared) return at(declared.error());
  }
  if (record->generation() != 0) {
    for (auto& [number, queue] : queues_)
      queues::begin_generation(*queue.state, record->generation());
  }
  for (const pb::Suspect& suspect : record->suspect()) {
    const auto queue = queues_.find(suspect.queue());
    if (queue != queues_.end()) queues::apply_suspect(*queue->second.state, suspect);
  }
  const queues::CommittedRecord committed{record, frame.place, frame.body.size()};
  for (const pb::Change& change : record->change()) {
    if (auto applied = apply(committed, change); !applied) return at(applied.error());
  }
  for (const pb::ShardRecord& shard : record->shard()) keep(shard);
  // The checkpoint may have left out a retired queue already.
  for (const QueueNumber number : record->retire()) queues_.erase(number);
  return {};
}

// A running queue receives a record by its change. Without one it would still be staged in the next
// checkpoint, and be retired after the next start.
Result<void> Store::check_installed(const pb::Declaration& declaration,
                                    const pb::Record& record) const {
  const auto found = queues_.find(declaration.number());
  if (found == queues_.end() || !found->second.declaration.staged() || declaration.staged() ||
      std::any_of(record.change().begin(), record.change().end(), [&](const pb::Change& change) {
        return change.queue() == declaration.number();
      })) {
    return {};
  }
  return Error{ErrorCode::corrupt, "staged queue " + declaration.name() +
                                       " is installed by a record without a change of the queue"};
}

Result<void> Store::apply(const queues::CommittedRecord& committed, const pb::Change& change) {
  const auto found = queues_.find(change.queue());
  if (found == queues_.end()) {
    return Error{ErrorCode::corrupt, "the record changes queue number " +
                                         std::to_string(change.queue()) +
                                         ", which was never declared"};
  }
  queues::State& state = *found->second.state;
  if (change.has_install()) {
    if (auto checked = queues::check_install(state, change.install()); !checked) {
      return Error{ErrorCode::corrupt, checked.error().message};
    }
  }
  if (change.has_become_outbox() && change.become_outbox().as().number() != change.queue()) {
    return Error{ErrorCode::corrupt, state.name + " becomes an outbox of another number"};
  }
  queues::apply(state, committed, change);
  if (change.has_become_outbox()) index(*state.declaration);
  found->second.declaration = *state.declaration;
  return {};
}

void Store::index(const pb::Declaration& declaration) {
  numbers_[{declaration.name(), declaration.shard()}].insert(declaration.number());
}

StoredQueue* Store::find(std::string_view name, std::uint32_t shard) {
  const auto numbers = numbers_.find({std::string(name), shard});
  if (numbers == numbers_.end()) return nullptr;
  for (const QueueNumber number : numbers->second) {
    const auto queue = queues_.find(number);
    if (queue == queues_.end()) continue;
    const pb::Declaration& declaration = queue->second.declaration;
    if (declaration.name() == name && declaration.shard() == shard && !declaration.staged()) {
      return &queue->second;
    }
  }
  return nullptr;
}

}  // namespace millrace
