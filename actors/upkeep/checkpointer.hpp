// Checkpointer: writes the state of all queues to disk, so that older log can be released and a
// restart replays only later records.
//
//   begin(lsn) ─▶ each queue snapshots as of lsn ─▶ take() × queues ─▶ own thread writes the file
//                                                      ─▶ segments released ─▶ compactor considers
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "actors/assembly/node_actors.hpp"
#include "actors/log/log.hpp"
#include "actors/move/shard_moves.hpp"
#include "actors/queue/state/queue_state.hpp"
#include "actors/state_store/copy_files.hpp"
#include "actors/state_store/state_keeper.hpp"
#include "actors/upkeep/compactor.hpp"
#include "actors/upkeep/upkeep_stats.hpp"

namespace millrace {

/// Checkpoints are consistent: every queue takes its snapshot when all changes up to one record
/// have reached it, and none beyond. Parts are gathered in memory and written by a thread of its
/// own. Thread-safe, with the requirements on begin() below.
class Checkpointer {
 public:
  struct Options {
    /// Bytes of log after which the next checkpoint begins. After a larger checkpoint the next one
    /// begins after as many bytes as that had, so checkpoints never write more than the log does.
    std::uint64_t log_bytes = 128u << 20;
    /// In place of `log_bytes` on a full disk, where a checkpoint frees segments; independent of
    /// the size of the last checkpoint.
    std::uint64_t full_log_bytes = 32u << 20;
  };

  /// REQUIRES: the arguments outlive the checkpointer, and no queue actor is left when it is
  /// destroyed: their snapshots call back here.
  /// `states`: where the queues keep keys on disk; null: nowhere. `copies`: where copies of it go, if
  /// the log keeps files; else null.
  Checkpointer(logs::Log& log, NodeActors& actors, const ShardMoves& moves, Compactor& compactor,
               states::StateKeeper* states, states::CopyFiles* copies, Options options);
  ~Checkpointer();
  Checkpointer(const Checkpointer&) = delete;
  Checkpointer& operator=(const Checkpointer&) = delete;

  /// The log has grown: begins a checkpoint if one is due. As begin().
  void on_group(logs::Lsn lsn);

  /// The disk is full: begins a checkpoint, unless the newest one was written on a full disk and
  /// `lsn` is not newer. While room is left, a checkpoint is followed by a pause of four times its
  /// duration. As begin().
  void on_storage_full(logs::Lsn lsn);

  /// Begins a checkpoint as of `lsn`; false if one is in progress. Never blocks on I/O. REQUIRES:
  /// all changes up to `lsn`, and none beyond, have been delivered, and none is during the call:
  /// see QueueLog::in_order().
  bool begin(logs::Lsn lsn);

  /// Waits until no checkpoint is in progress. Returns why the last one failed, if it did.
  std::optional<Error> wait_idle();

  [[nodiscard]] CheckpointStats stats();

 private:
  void take(const queues::State& state);  // on the thread of the queue's actor
  void run();
  bool write();
  void on_failed(const Error& error);
  void on_written(std::uint64_t bytes);
  /// A part that names the copy; empty: there is no state store.
  [[nodiscard]] Result<std::string> save_states();

  logs::Log& log_;
  NodeActors& actors_;
  const ShardMoves& moves_;
  Compactor& compactor_;
  states::StateKeeper* const states_;
  states::CopyFiles* const copies_;
  // Of the checkpoint being written; on its thread only.
  std::optional<states::Copy> copy_;
  std::vector<states::CopyFile> copy_files_;
  std::mt19937_64 random_{std::random_device{}()};
  const Options options_;
  std::atomic<bool> busy_ = false;  ///< from begin() until the file is written
  std::atomic<std::uint64_t> next_after_bytes_;
  std::atomic<logs::Lsn> newest_ = 0;  ///< record of the newest checkpoint
  std::atomic<bool> newest_on_full_disk_ = false;
  std::atomic<std::chrono::steady_clock::rep> not_before_{0};   ///< retry after a failure
  std::atomic<std::chrono::steady_clock::rep> pause_until_{0};  ///< on a full disk with room left

  std::mutex mutex_;  ///< guards all below
  std::condition_variable changed_;
  logs::Lsn lsn_ = 0;
  std::chrono::steady_clock::time_point begun_at_;
  std::optional<std::size_t> asked_;  ///< queues that were asked; empty until all have been
  std::size_t taken_ = 0;             ///< snapshots that arrived; taken_ <= asked_
  bool stopping_ = false;
  std::vector<std::string> parts_;
  QueueUse use_;
  std::optional<Error> error_;
  CheckpointStats stats_;
  std::thread thread_;
};

}  // namespace millrace
