#include "actors/runtime/store.hpp"

#include "actors/queue/queue_core.hpp"
#include "actors/queue/snapshot.hpp"
#include "messages/snapshot.pb.h"

namespace millrace {

using queues::QueueNumber;

Result<void> Store::declare(const pb::Declaration& declaration) {
  if (declaration.number() == 0) {
    return Error{ErrorCode::corrupt, "queue " + declaration.name() + " has number 0"};
  }
  StoredQueue& queue = queues_[declaration.number()];
  if (queue.state) {
    if (queue.declaration.name() == declaration.name() &&
        queue.declaration.shard() == declaration.shard()) {
      queue.declaration.set_dead_letters(declaration.dead_letters());
      return {};
    }
    return Error{ErrorCode::corrupt, "queue number " + std::to_string(declaration.number()) +
                                         " is " + queue.declaration.name() + " and " +
                                         declaration.name()};
  }
  queue.declaration = declaration;
  queue.state = std::make_unique<queues::State>();
  queue.state->number = declaration.number();
  queue.state->name = declaration.name();
  queue.state->is_outbox = declaration.has_outbox();
  queue.state->limits = limits_;
  return {};
}

Result<void> Store::load(std::string_view bytes) {
  pb::SnapshotPart part;
  if (!part.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return Error{ErrorCode::corrupt, "checkpoint: a part is not a snapshot"};
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

Result<void> Store::apply(const journal::Frame& frame) {
  const auto where = [&] {
    return "segment " + std::to_string(journal::segment_of(frame.place)) + " offset " +
           std::to_string(journal::offset_of(frame.place));
  };
  auto record = std::make_shared<pb::Record>();
  if (!record->ParseFromArray(frame.body.data(), static_cast<int>(frame.body.size()))) {
    return Error{ErrorCode::corrupt, where() + ": the frame is whole but holds no record"};
  }
  for (const pb::Declaration& declaration : record->declare()) {
    if (auto declared = declare(declaration); !declared) return declared;
  }
  const queues::CommittedRecord committed{record, frame.place};
  for (const pb::Change& change : record->change()) {
    const auto queue = queues_.find(change.queue());
    if (queue == queues_.end()) {
      return Error{ErrorCode::corrupt, where() + ": the record changes queue number " +
                                           std::to_string(change.queue()) +
                                           ", which was never declared"};
    }
    queues::apply(*queue->second.state, committed, change);
  }
  return {};
}

StoredQueue* Store::find(std::string_view name, std::uint32_t shard) {
  for (auto& [number, queue] : queues_) {
    if (queue.declaration.name() == name && queue.declaration.shard() == shard) return &queue;
  }
  return nullptr;
}

QueueNumber Store::next_number() const {
  return queues_.empty() ? 1 : queues_.rbegin()->first + 1;
}

}  // namespace millrace
