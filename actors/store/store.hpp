// Store: the queues of a data directory as recovery rebuilds them, before their actors start.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "actors/log/frame.hpp"
#include "actors/queue/decide/apply.hpp"
#include "actors/queue/state/backlog.hpp"
#include "actors/state_store/copy_files.hpp"
#include "actors/state_store/state_store.hpp"
#include "messages/record.pb.h"
#include "messages/result.hpp"
#include "messages/snapshot.pb.h"

namespace millrace {

/// A queue of one shard, declared and recovered.
struct StoredQueue {
  pb::Declaration declaration;  ///< equal to that of the state; kept when the state is moved out
  std::unique_ptr<queues::State> state;  ///< null only after NodeActors has taken it
};

/// Not thread-safe. After a failure of load(), apply() or declare() the store must not be used.
class Store {
 public:
  /// `limits` apply to every queue until NodePlan::configure(); they bound the bodies in memory.
  explicit Store(queues::Limits limits = {}) : limits_(limits) {}

  /// How the values and histories of keys are kept.
  enum class Keys : std::uint8_t {
    in_memory,  ///< all of them; those of a checkpoint that names a state store are read from it
    on_disk,    ///< in the state store, up to Limits::state_cache_bytes of each queue
    as_found,   ///< as the checkpoint has them; the state store is not changed
  };
  /// Uses `states`, which is not open yet and outlives this object. Called before all others; without
  /// it, a checkpoint that names a state store fails with `invalid_argument`.
  void use(states::StateStore& states, Keys keys) {
    states_ = &states;
    keys_ = keys;
  }
  /// load() gets the copy that a checkpoint names from `copies`, which outlives this object. Without it,
  /// the copy is on this disk.
  void fetch_by(states::CopyFiles& copies) { copies_ = &copies; }

  /// Whether the checkpoint that was loaded names a copy of the state store.
  [[nodiscard]] bool names_states() const { return copy_.has_value(); }
  /// Recovery has read everything, the last record being `last`. Fails with `corrupt` if the state
  /// store has effects of later records.
  [[nodiscard]] Result<void> recovered(logs::Lsn last);

  /// Visits the value and history of each key of a queue, those in the state store too; timers are not
  /// among them. An error of `visit` ends it. Blocks.
  using KeyVisitor = std::function<Result<void>(const std::string& key, const queues::KeyState&)>;
  [[nodiscard]] Result<void> visit_keys(const StoredQueue& queue, const KeyVisitor& visit) const;
  /// The value, history and timers of a key; null: it has none. Blocks.
  [[nodiscard]] Result<std::unique_ptr<queues::KeyState>> read_key(const StoredQueue& queue,
                                                                   const std::string& key) const;

  /// Loads one part of a checkpoint. REQUIRES: parts come in the order in which they were written,
  /// before the first apply(). Fails with `corrupt`.
  [[nodiscard]] Result<void> load(std::string_view part);

  /// Applies a record of the log. REQUIRES: records come in log order. Fails with `corrupt`; the
  /// message names segment and offset.
  [[nodiscard]] Result<void> apply(const logs::Frame& frame);

  /// The queue `name` of `shard`; null if there is none or it is staged. Valid until the queue is
  /// retired or the store is destroyed.
  [[nodiscard]] StoredQueue* find(std::string_view name, std::uint32_t shard);

  /// A number that no queue has had since recovery began.
  [[nodiscard]] queues::QueueNumber next_number() const { return last_number_ + 1; }

  [[nodiscard]] std::map<queues::QueueNumber, StoredQueue>& queues() { return queues_; }
  [[nodiscard]] const std::map<queues::QueueNumber, StoredQueue>& queues() const { return queues_; }
  /// Of all queues, staged ones included.
  [[nodiscard]] std::vector<pb::Declaration> declarations() const;

  /// The newest record of each shard of each role, by role and shard.
  using Shards = std::map<std::pair<std::string, std::uint32_t>, pb::ShardRecord>;
  [[nodiscard]] const Shards& shards() const { return shards_; }
  /// Replaces the record of the shard.
  void keep(const pb::ShardRecord& shard);

  /// Adds an empty queue. For a queue that exists under the number, only `dead_letters`,
  /// `state_type` and the schemas may change, `staged` may become false, and `was` renames it. Fails with `corrupt`.
  [[nodiscard]] Result<void> declare(const pb::Declaration& declaration);

 private:
  [[nodiscard]] Result<void> apply(const queues::CommittedRecord& committed,
                                   const pb::Change& change);
  [[nodiscard]] Result<void> check_installed(const pb::Declaration& declaration,
                                             const pb::Record& record) const;
  void index(const pb::Declaration& declaration);
  [[nodiscard]] bool are_on_disk() const;
  [[nodiscard]] Result<void> open_states();
  [[nodiscard]] Result<void> fetch_and_open(const pb::StateCopy& copy);
  [[nodiscard]] Result<void> begin_queue(const pb::QueueHead& head);
  [[nodiscard]] Result<void> write_out(queues::State& state);

  queues::Limits limits_;
  std::map<queues::QueueNumber, StoredQueue> queues_;
  /// Numbers that had this name and shard at some time; for find().
  std::map<std::pair<std::string, std::uint32_t>, std::set<queues::QueueNumber>> numbers_;
  Shards shards_;
  queues::QueueNumber last_number_ = 0;
  queues::State* loading_ = nullptr;  ///< queue of the current parts in load()
  states::StateStore* states_ = nullptr;
  Keys keys_ = Keys::in_memory;
  states::CopyFiles* copies_ = nullptr;  ///< null: copies are on this disk
  std::optional<states::Copy> copy_;     ///< that the checkpoint names
  bool is_open_ = false;                 ///< states_ is
  queues::QueueNumber adopting_ = 0;     ///< its keys are in `copy_`; while it is declared
};

}  // namespace millrace
