// Runtime: one node's pipelines, brought to life on a data directory.
//
//   start: open → recover → declare new queues → queue actors → receivers ─▶ running
//   stop:  no offers, no leases → outcomes in flight end → checkpoint → log closed
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "actors/assembly/runtime_options.hpp"
#include "actors/assembly/stage_meter.hpp"
#include "actors/base/clock.hpp"
#include "actors/journal/write/journal_stats.hpp"
#include "actors/operate/operation.hpp"
#include "actors/queue/state/ledger.hpp"
#include "actors/runtime/sender.hpp"
#include "actors/stage/pipeline_spec.hpp"
#include "actors/stage/queue_ref.hpp"
#include "actors/store/durable_view.hpp"
#include "messages/result.hpp"

namespace millrace {

class Federation;

/// A queue as it is now, over all its shards.
struct QueueInfo {
  /// What one shard holds, of those that this node serves or, of an outbox, sends to.
  struct Shard {
    std::uint32_t number = 0;
    std::uint64_t queued = 0;
  };

  std::string name;
  std::string type;             ///< full name of its Protobuf type; empty: dead letters of several
  bool is_dead_letter = false;  ///< stages give up into it
  bool is_outbox = false;       ///< for shards that other nodes serve
  std::vector<Shard> shards;
  queues::Ledger ledger;        ///< repeats by sequence number since the start are in `duplicates`
  std::uint64_t bytes = 0;      ///< of live messages
  std::uint64_t in_flight = 0;  ///< leased, or with an outcome on its way
  std::uint64_t timers = 0;
  /// When the first message of the line of work of a queue's oldest message was offered; 0: none,
  /// or it is on disk only.
  TimeUs oldest_born_us = 0;
  bool is_blocked = false;           ///< held back by a queue downstream
  bool is_above_high_water = false;  ///< in some shard: it holds back the queues that feed it
};

class Runtime {
 public:
  /// Opens or makes the data directory, recovers what it holds, and runs `pipelines` on it. Fails
  /// with `invalid_argument` (wiring, options, or a data directory of another number of shards),
  /// `storage_locked`, `foreign_file`, `unsupported_version`, `corrupt`, `storage_failed`,
  /// `storage_full`. Blocks until the node serves. `federation` is for a node of a cluster.
  [[nodiscard]] static Result<std::unique_ptr<Runtime>> start(RuntimeOptions options,
                                                              std::vector<PipelineSpec> pipelines,
                                                              Federation* federation = nullptr);

  /// As stop, where it was not called; its failure is only logged.
  ~Runtime();
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  /// A sender into `target`, a queue of the wired pipelines. Waits until all shards know it. Fails
  /// with `not_found`, `invalid_argument`, `fenced`, `timeout`.
  template <Message T>
  [[nodiscard]] Result<Sender<T>> sender(const QueueRef<T>& target, const SenderOptions& options) {
    auto link = open_sender(target.name(), std::string(T().GetTypeName()), options);
    if (!link) return link.error();
    return Sender<T>(std::move(*link), target);
  }

  /// A sender of serialized messages, for those who know types and keys at run time only: the bytes
  /// must be a message of the queue's type, and the key what its pipelines take for one. As
  /// sender() otherwise.
  [[nodiscard]] Result<std::shared_ptr<SenderLink>> sender_link(const std::string& queue,
                                                                const SenderOptions& options);

  /// Whether a queue would take a message of so many bytes now. Fails as it would refuse it:
  /// `backlog_full`, `storage_full`, `draining`; or with `not_found`, `not_owner` (dead letters of
  /// another node), `timeout`.
  [[nodiscard]] Result<void> can_take(const std::string& queue, std::uint32_t shard,
                                      std::uint64_t bytes);

  /// Durable state and history of a key. Fails with `not_found`, `timeout`, or `not_owner` where
  /// another node serves its shard.
  [[nodiscard]] Result<KeyView> key(const std::string& queue, const std::string& key);

  /// All queues, by name. Blocks for an answer of each.
  [[nodiscard]] std::vector<QueueInfo> queues();

  // What operators do, for any thread but an actor's. Each goes page by page, over messages that
  // were there when it began, and leaves alone what somebody works on. An outbox may be looked at
  // only: `invalid_argument`, as its target would wait for what is gone. Fails with `not_found`,
  // with `timeout` when it takes longer than ten minutes (it goes on then, and nobody can tell how
  // far), or, where not even one page was done, with what stopped it; see Removed.

  /// The first `max` live messages of a queue, in queue order within each shard, with at most about
  /// 64 MiB of bodies; read beside the writer.
  [[nodiscard]] Result<std::vector<MessageView>> peek(const std::string& queue, std::uint64_t max,
                                                      MessageFilter filter = {});

  /// Puts dead letters back into the queues that they came from: dropped there and appended here in
  /// one record, with no failures and no deadline, behind what the queue holds by then. So a letter
  /// comes after younger messages of its key; letters of one key keep their order. Letters of
  /// queues that no pipeline has stay. Stops with `backlog_full` where such a queue is above its
  /// high water. Fails with `invalid_argument` where the queue takes no dead letters.
  [[nodiscard]] Result<Removed> redrive(const std::string& dead_letter_queue,
                                        MessageFilter filter = {}, std::uint64_t max = no_maximum);

  /// Drops live messages, dead letters or not. State and timers of their keys stay.
  [[nodiscard]] Result<Removed> drop(const std::string& queue, MessageFilter filter,
                                     std::uint64_t max = no_maximum);

  /// Drops all live messages that nobody works on.
  [[nodiscard]] Result<Removed> purge(const std::string& queue) { return drop(queue, {}); }

  /// Whether offers are refused for want of disk space.
  [[nodiscard]] bool is_storage_full() const;

  /// Drains: takes no offers, leases nothing more, lets handlers in progress end for at most
  /// `timeout`, writes a checkpoint and closes the log. What was leased and not completed is ready
  /// again after the next start, and has not failed. Fails with `timeout`; then the node stops as
  /// after a crash, which is safe. A second call does nothing.
  Result<void> stop(std::chrono::milliseconds timeout = std::chrono::seconds(30));

  [[nodiscard]] const Clock& clock() const;
  [[nodiscard]] std::uint32_t shards() const;
  [[nodiscard]] journal::JournalStats journal_stats() const;
  /// Of the stages that run here, in the order of the pipelines.
  [[nodiscard]] std::vector<StageCounts> stage_counts() const;

 private:
  class Parts;
  explicit Runtime(std::unique_ptr<Parts> parts);
  Result<std::shared_ptr<SenderLink>> open_sender(const std::string& queue, const std::string& type,
                                                  const SenderOptions& options);
  Result<OperationResult> operate(const std::string& queue, Operation operation);

  std::unique_ptr<Parts> parts_;
};

}  // namespace millrace
