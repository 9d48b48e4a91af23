// Checkpointer: from time to time the state of all queues goes to disk, so that the log before it
// can go, and a restart needs to replay only what came after.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "actors/journal/journal.hpp"
#include "actors/queue/state/queue_state.hpp"
#include "actors/upkeep/compactor.hpp"
#include "messages/record.pb.h"

namespace millrace {

/// A consistent cut: every queue takes its snapshot when all changes up to one record have reached
/// it, and none beyond. The parts are gathered in memory and written by a thread of its own.
class Checkpointer {
 public:
  struct Options {
    /// Bytes of log after which the next checkpoint begins. A larger checkpoint waits for as many
    /// bytes of log as it had itself, so that checkpoints never cost more than the log.
    std::uint64_t log_bytes = 128u << 20;
    /// Likewise on a full disk, where a checkpoint is what frees segments: of any size.
    std::uint64_t full_log_bytes = 32u << 20;
  };

  /// Asks all queues for a snapshot as of the record that they were last told of. Returns how many
  /// it asked.
  using Request = std::function<std::size_t(journal::Lsn)>;

  /// Who serves which shard, as of that record. Called before queues are asked, by who begins.
  using Shards = std::function<std::vector<pb::ShardRecord>()>;

  /// A checkpoint was written, and the segments that nothing needs any more were released. Called
  /// by the checkpointer's thread.
  using Written = std::function<void(QueueUse)>;

  Checkpointer(journal::Journal& journal, Options options, Request request, Shards shards,
               Written written);
  ~Checkpointer();
  Checkpointer(const Checkpointer&) = delete;
  Checkpointer& operator=(const Checkpointer&) = delete;

  /// The log has grown; all queues have been told of what is durable up to `lsn`, and of nothing
  /// beyond. Begins a checkpoint when it is due. Called where the order of the log is kept; never
  /// blocks.
  void on_group(journal::Lsn lsn);

  /// Likewise on a full disk: begins a checkpoint, unless the newest one was written on a full disk
  /// and nothing has happened since. Rests between two, for as long as there is some room left.
  void on_storage_full(journal::Lsn lsn);

  /// Likewise: a checkpoint now, whatever the log's size; false when one is under way.
  bool begin(journal::Lsn lsn);

  /// A queue's snapshot, in its actor's thread.
  void take(const queues::State& state);

  /// Waits until no checkpoint is under way. Returns the failure of the last one, if it failed.
  std::optional<Error> wait_idle();

 private:
  void run();
  bool write();

  journal::Journal& journal_;
  const Options options_;
  const Request request_;
  const Shards shards_;
  const Written written_;
  std::atomic<bool> busy_ = false;
  std::atomic<std::uint64_t> next_after_bytes_;
  std::atomic<journal::Lsn> newest_ = 0;  ///< record of the newest checkpoint
  std::atomic<bool> newest_on_full_disk_ = false;
  std::atomic<std::chrono::steady_clock::rep> not_before_{0};  ///< another attempt after a failure
  std::atomic<std::chrono::steady_clock::rep> rest_until_{0};  ///< another one where room is short

  std::mutex mutex_;
  std::condition_variable changed_;
  journal::Lsn lsn_ = 0;
  std::chrono::steady_clock::time_point begun_at_;
  std::optional<std::size_t> asked_;  ///< queues; nullopt: not all of them yet
  std::size_t taken_ = 0;             ///< snapshots that came
  bool stopping_ = false;
  std::vector<std::string> parts_;
  QueueUse use_;
  std::optional<Error> error_;
  std::thread thread_;
};

}  // namespace millrace
