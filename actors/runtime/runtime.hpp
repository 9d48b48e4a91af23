// Runtime: runs the pipelines of one node on a data directory.
//
//   start: open → recover → declare new queues → queue actors → receivers ─▶ running
//   stop:  no offers, no leases → outcomes in flight end → checkpoint → log closed
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "actors/assembly/runtime_options.hpp"
#include "actors/assembly/stage_counts.hpp"
#include "actors/base/clock.hpp"
#include "actors/log/backup.hpp"
#include "actors/log/log_stats.hpp"
#include "actors/metrics/metrics.hpp"
#include "actors/operate/operation.hpp"
#include "actors/queue/state/keyed_offer.hpp"
#include "actors/queue/state/ledger.hpp"
#include "actors/queue/state/pause.hpp"
#include "actors/queue/state/wait_reason.hpp"
#include "actors/runtime/asker.hpp"
#include "actors/runtime/consumer.hpp"
#include "actors/runtime/sender.hpp"
#include "actors/sender/numbered_offer.hpp"
#include "actors/stage/pipeline_spec.hpp"
#include "actors/stage/queue_ref.hpp"
#include "actors/store/durable_view.hpp"
#include "actors/upkeep/upkeep_stats.hpp"
#include "messages/result.hpp"

namespace millrace::queues {
struct Offer;
}  // namespace millrace::queues

namespace millrace::receivers {
class ExternalStages;
}  // namespace millrace::receivers

namespace millrace {

class DefinedQueues;
class Federation;
class NodeActors;
class TopicQueues;

/// A queue as it is now, over all its shards.
struct QueueInfo {
  /// One shard that this node serves or, of an outbox, sends to.
  struct Shard {
    std::uint32_t number = 0;
    std::uint64_t queued = 0;  ///< live messages
  };

  /// What is paused in one shard.
  struct Paused {
    std::uint32_t shard = 0;
    std::string key{};  ///< empty: the queue as a whole
    queues::Pause pause{};
  };

  std::string name;
  std::string type;             ///< full name of its Protobuf type; empty: dead letters of several
  bool is_dead_letter = false;  ///< holds the dead letters of one or more stages
  bool is_outbox = false;       ///< holds messages for shards that other nodes serve
  bool is_unnamed = false;      ///< no pipeline names it: nobody handles its messages
  std::vector<Shard> shards;
  /// Shards that did not answer in time, or whose actor has ended. What they hold is missing from
  /// every number below.
  std::uint32_t unanswered = 0;
  queues::Ledger ledger;    ///< sums; `duplicates` also counts duplicates by number since the start
  std::uint64_t bytes = 0;  ///< of live messages
  std::uint64_t in_flight = 0;  ///< messages that are leased or whose outcome is not durable yet
  std::uint64_t timers = 0;     ///< timers that are set
  /// When the message from which the oldest live message descends was offered. 0: the queue is
  /// empty, or the body of its oldest message is not in memory.
  TimeUs oldest_born_us = 0;
  bool is_blocked =
      false;  ///< in some shard: leases nothing, because a queue downstream is above high water
  bool is_above_high_water = false;  ///< in some shard: the queues that feed it lease nothing
  std::vector<Paused> paused{};
};

/// A message, and what holds it back.
struct Explained {
  std::uint32_t shard = 0;
  MessageView message{};
  std::vector<queues::WaitReason> reasons{};  ///< not empty
};

/// A running node. Thread-safe: all functions may run at once, but stop() only in one thread at a
/// time, and nothing during the destructor. Functions that block must not be called by a handler, a
/// confirmation or another callback of the runtime.
class Runtime {
 public:
  /// Opens the data directory or creates it, recovers its queues, and runs `pipelines` on them.
  /// Blocks until the node serves. Fails with
  ///   invalid_argument     wiring or options are wrong, the data directory has another number of
  ///                        shards or another type in a queue, or holds a shard of another node
  ///   storage_locked       another process uses the data directory
  ///   foreign_file         the data directory holds files that are not Millrace's
  ///   unsupported_version  a newer version wrote the data directory
  ///   corrupt              a record, segment or checkpoint is damaged
  ///   storage_failed       a system call failed
  ///   storage_full         there is no room to declare new queues
  /// `federation` is for a node of a cluster and must outlive the runtime; null: this node serves
  /// all shards.
  [[nodiscard]] static Result<std::unique_ptr<Runtime>> start(RuntimeOptions options,
                                                              std::vector<PipelineSpec> pipelines,
                                                              Federation* federation = nullptr);

  /// Calls stop() with its default timeout unless it was called before, and logs its failure. After
  /// a failed stop the threads of handlers that have not returned, and what they use, are leaked.
  ~Runtime();
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  /// A sender into `target`. Blocks until every shard has attached it, for at most 10 s. The sender
  /// works until stop(); it and its copies must not outlive the runtime. May be called any number
  /// of times; a second sender of a producer fences the first. Fails with
  ///   not_found         no pipeline has the queue
  ///   invalid_argument  the queue carries another type, or the producer's name has no valid length
  ///   fenced            the producer is attached with a higher epoch
  ///   draining          stop() was called
  ///   timeout           a shard did not answer
  template <Message T>
  [[nodiscard]] Result<Sender<T>> sender(const QueueRef<T>& target, const SenderOptions& options) {
    auto link = open_sender(target.name(), wire::type_name<T>(), options);
    if (!link) return link.error();
    return Sender<T>(std::move(*link), target);
  }

  /// As sender(), for serialized messages whose type is known at run time only. The caller
  /// guarantees that each payload parses as the queue's type and that each key is the one that the
  /// pipelines derive from the payload; neither is checked.
  [[nodiscard]] Result<std::shared_ptr<SenderLink>> sender_link(const std::string& queue,
                                                                const SenderOptions& options);

  /// A consumer of `source`, which a stage `.then_external("name")` without outputs reads: its retries,
  /// lease and dead letters are those of the stage. It shares the queue with other consumers, and with
  /// workers of the stage that ask over HTTP. Fails with
  ///   not_found         no external stage reads the queue, or its stages do not run on this node
  ///   invalid_argument  the queue carries another type, or the stage writes to a queue
  ///   draining          this node does not serve
  template <Message T>
  [[nodiscard]] Result<Consumer<T>> consumer(const QueueRef<T>& source) const {
    auto link = open_consumer(source.name(), wire::type_name<T>());
    if (!link) return link.error();
    return Consumer<T>(*std::move(link));
  }

  /// An asker: offers requests to `requests`, and waits for the message in `replies` that answers each.
  /// A stage `.then_answer("name")` reads `replies`; whichever stage writes to it answers, at any distance
  /// from the request. The asker has a sender of `options`, and works until stop(); it must not outlive
  /// the runtime. Blocks and fails as sender(), and with
  ///   not_found         no `.then_answer` stage reads `replies`
  ///   invalid_argument  `replies` carries another type
  template <Message Request, Message Reply>
  [[nodiscard]] Result<Asker<Request, Reply>> asker(const QueueRef<Request>& requests,
                                                    const QueueRef<Reply>& replies,
                                                    const SenderOptions& options) {
    auto link = open_asker(requests.name(), wire::type_name<Request>(), replies.name(),
                           wire::type_name<Reply>(), options);
    if (!link) return link.error();
    return Asker<Request, Reply>(*std::move(link), requests);
  }

  /// Whether the queue or outbox that this node appends to would accept a message of `bytes` bytes
  /// now, and what the idempotency key of `offer` says of it; an outbox does not know idempotency
  /// keys. A duplicate needs no room. Blocks for at most 10 s. Fails as the offer would:
  /// `backlog_full`, `storage_full`, `draining`; with `not_found` (no such queue),
  /// `invalid_argument` (no such shard), `not_owner` (a dead letter queue of another node), or
  /// `timeout`.
  [[nodiscard]] Result<queues::KeyUse> can_take(const std::string& queue, std::uint32_t shard,
                                                std::uint64_t bytes, queues::KeyedOffer offer = {});

  /// Durable state and history of a key. Blocks for at most 10 s. Fails with `not_found` (no such
  /// queue or key), `not_owner` (another node serves the shard of the key) or `timeout`.
  [[nodiscard]] Result<KeyView> key(const std::string& queue, const std::string& key);

  /// All queues and outboxes of this node, by name. Blocks for at most `within`; a shard that does
  /// not answer in time is counted by QueueInfo::unanswered.
  [[nodiscard]] std::vector<QueueInfo> queues(
      std::chrono::milliseconds within = std::chrono::seconds(10));

  // Operations on live messages: peek, redrive, drop and purge. Each works page by page on the
  // messages that were in the queue when it reached their shard; redrive and drop skip messages in
  // flight, and all messages of a key that has a message in flight. Operations may run at once.
  // Each blocks until it ends, and fails with
  //   not_found         no pipeline has the queue
  //   invalid_argument  messages of an outbox would be removed: its target waits for their numbers
  //   timeout           it takes longer than 10 minutes; it goes on in the background then
  // or, if it was stopped before the first message, with the reason in Removed::stopped.

  /// The first `max` live messages that match, in queue order within each shard. Ends early when it
  /// has read 64 MiB of bodies.
  [[nodiscard]] Result<std::vector<MessageView>> peek(const std::string& queue, std::uint64_t max,
                                                      MessageFilter filter = {});

  /// Redrives dead letters: one record drops each here and appends it at the end of the queue that
  /// it came from, with no failures and without its deadline. Dead letters of one key keep their
  /// order, but come after younger messages of the key. Dead letters of queues that no pipeline has
  /// stay. Stops with `backlog_full` at a queue above its high water. Fails with `invalid_argument`
  /// if `dead_letter_queue` is not one.
  [[nodiscard]] Result<Removed> redrive(const std::string& dead_letter_queue,
                                        MessageFilter filter = {}, std::uint64_t max = no_maximum);

  /// Drops live messages or dead letters. States and timers of their keys stay.
  [[nodiscard]] Result<Removed> drop(const std::string& queue, MessageFilter filter,
                                     std::uint64_t max = no_maximum);

  /// Pauses `queue` in the shards that this node serves, or one key of it, or resumes them: see
  /// queues::PauseCommand. What is paused accepts offers, also after a restart and on whichever node
  /// its shard moves to, and nothing of it is leased; handlings in progress end as usual. Returns the
  /// number of shards. Blocks until it is durable, for at most 10 s; a failure may have been carried
  /// out in part, and the same call may be made again. Fails with `not_found` (no such queue),
  /// `not_owner` (another node serves the shard of the key), `timeout`, and as queues::decide_pause().
  [[nodiscard]] Result<std::uint32_t> pause(const std::string& queue,
                                            const queues::PauseCommand& command);

  /// Why the first `max` messages that match wait, in the shards that this node serves. Fails as peek(), and
  /// with `timeout`.
  [[nodiscard]] Result<std::vector<Explained>> explain(const std::string& queue,
                                                       const MessageFilter& filter,
                                                       std::uint64_t max);

  /// Drops all live messages, but skips the same messages as drop().
  [[nodiscard]] Result<Removed> purge(const std::string& queue) { return drop(queue, {}); }

  /// The queues and shards whose messages this node holds as their owner: no outboxes, and none that
  /// is being received. Does not wait for actors.
  [[nodiscard]] std::vector<std::pair<std::string, std::uint32_t>> served() const;

  /// The pipelines, with the queues that operators have defined while nodes run; and where they define them.
  /// Thread-safe.
  [[nodiscard]] DefinedQueues& defined_queues() const;

  /// Whether offers are refused because the disk is full. Does not block.
  [[nodiscard]] bool is_storage_full() const;

  /// As logs::Log::is_reachable(). Does not block.
  [[nodiscard]] bool is_log_reachable() const;

  /// Bytes that this process may still allocate where the log lies; empty: unknown. Blocks on one
  /// system call. Fails with `storage_failed`.
  [[nodiscard]] Result<std::optional<std::uint64_t>> free_storage_bytes() const;

  /// Writes a backup of the data directory as of the last durable record to `target`, a new or empty
  /// directory, while the node goes on. `identity` goes into its manifest; this function fills in the
  /// generation. Blocks for as long as the copying takes, unless `may_go_on`, which is asked for each
  /// MiB, fails. Fails with `invalid_argument` (`target` is
  /// not absolute), and as logs::Log::back_up().
  [[nodiscard]] Result<logs::BackupInfo> back_up(const std::filesystem::path& target,
                                                 logs::BackupIdentity identity,
                                                 const std::function<Result<void>()>& may_go_on);

  /// Drains and stops: refuses offers and leases, waits for handlers in progress, flushes outboxes,
  /// writes a checkpoint and closes the log. Fails with `timeout` if a handler has not returned
  /// within `timeout`; the node stops as after a crash then: the leased messages are ready again
  /// after the next start, and that counts as no failure. After it has returned, a further call
  /// does nothing and succeeds, also after a failure. Only one thread may call it at a time.
  Result<void> stop(std::chrono::milliseconds timeout = std::chrono::seconds(30));

  /// The clock of this node; valid as long as the runtime.
  [[nodiscard]] const Clock& clock() const;
  /// How often the wall clock was set by more than a second since the start, as far as this node has
  /// noticed.
  [[nodiscard]] std::uint64_t clock_steps() const;
  /// Senders that have not ended.
  [[nodiscard]] std::size_t senders() const;
  /// Shards of each queue.
  [[nodiscard]] std::uint32_t shards() const;
  [[nodiscard]] logs::LogStats log_stats() const;
  /// Blocks on the disk for a moment. Zero after stop().
  [[nodiscard]] UpkeepStats upkeep_stats() const;
  /// The external stages, for their workers. Fails with `draining` while this node does not serve.
  [[nodiscard]] Result<std::shared_ptr<const receivers::ExternalStages>> external_stages() const;
  /// Offers messages that a client has numbered by itself to the shard, which this node must serve: an
  /// offer with numbers that the shard has taken already adds nothing. Does not wait. Fails with
  /// `not_found` (no such queue), `invalid_argument` (no such shard), `not_owner` or `draining`; `done`
  /// is not called then. `done` gets the refusals of senders::spawn_numbered().
  [[nodiscard]] Result<void> offer_numbered(const std::string& queue, std::uint32_t shard,
                                            std::shared_ptr<const queues::Offer> offer,
                                            senders::NumberedDone done) const;
  /// The queues of RuntimeOptions::topic_queues.
  [[nodiscard]] TopicQueues topics() const;
  /// RuntimeOptions::metrics; never null. A node of a cluster shows them at /metrics.
  [[nodiscard]] const std::shared_ptr<Metrics>& metrics() const;
  /// The stages that run on this node, in the order of the pipelines.
  [[nodiscard]] std::vector<StageCounts> stage_counts() const;

 private:
  class Parts;
  explicit Runtime(std::unique_ptr<Parts> parts);
  Result<std::shared_ptr<SenderLink>> open_sender(const std::string& queue, const std::string& type,
                                                  const SenderOptions& options);
  [[nodiscard]] Result<std::shared_ptr<const AskerLink>> open_asker(const std::string& requests,
                                                                    const std::string& request_type,
                                                                    const std::string& replies,
                                                                    const std::string& reply_type,
                                                                    const SenderOptions& options);
  [[nodiscard]] const NodeActors& actors() const;
  [[nodiscard]] Result<std::shared_ptr<const ConsumerLink>> open_consumer(
      const std::string& queue, const std::string& type) const;
  Result<OperationResult> operate(const std::string& queue, Operation operation);

  std::unique_ptr<Parts> parts_;
};

}  // namespace millrace
