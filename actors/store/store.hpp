// Store: the queues of a data directory as recovery rebuilds them, before anything runs on them.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "actors/journal/journal.hpp"
#include "actors/queue/decide/apply.hpp"
#include "actors/queue/state/backlog.hpp"
#include "messages/record.pb.h"
#include "messages/result.hpp"

namespace millrace {

/// A queue of one shard, declared and recovered.
struct StoredQueue {
  pb::Declaration declaration;  ///< as that of the state; there also when the state was taken
  std::unique_ptr<queues::State> state;
};

class Store {
 public:
  /// `limits` serve every queue until the wiring sets its own; bodies are cached within them.
  explicit Store(queues::Limits limits = {}) : limits_(limits) {}

  /// Takes one part of a checkpoint, in the order of writing. Fails with `corrupt`.
  [[nodiscard]] Result<void> load(std::string_view part);

  /// Applies a record of the log. Fails with `corrupt`, naming the place.
  [[nodiscard]] Result<void> apply(const journal::Frame& frame);

  /// The queue `name` of `shard`; null when there is none. A staged queue is none yet.
  [[nodiscard]] StoredQueue* find(std::string_view name, std::uint32_t shard);

  /// The next number that no queue has, or has had since recovery began.
  [[nodiscard]] queues::QueueNumber next_number() const { return last_number_ + 1; }

  [[nodiscard]] std::map<queues::QueueNumber, StoredQueue>& queues() { return queues_; }
  [[nodiscard]] const std::map<queues::QueueNumber, StoredQueue>& queues() const { return queues_; }

  /// The newest record of each shard of each role, by role and shard.
  using Shards = std::map<std::pair<std::string, std::uint32_t>, pb::ShardRecord>;
  [[nodiscard]] const Shards& shards() const { return shards_; }

  /// Adds an empty queue. Of one that is there already, under the same number, it only says whether
  /// it takes dead letters, and that it is staged no more. Fails with `corrupt`.
  [[nodiscard]] Result<void> declare(const pb::Declaration& declaration);

 private:
  [[nodiscard]] Result<void> apply(const queues::CommittedRecord& committed,
                                   const pb::Change& change);
  [[nodiscard]] Result<void> check_told(const pb::Declaration& declaration,
                                        const pb::Record& record) const;
  void keep(const pb::ShardRecord& shard);

  queues::Limits limits_;
  std::map<queues::QueueNumber, StoredQueue> queues_;
  Shards shards_;
  queues::QueueNumber last_number_ = 0;
  queues::State* loading_ = nullptr;  ///< the queue that the checkpoint's parts belong to
};

}  // namespace millrace
