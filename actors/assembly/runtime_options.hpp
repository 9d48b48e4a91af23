// Options of a runtime and of a sender. Every field but the data directory and the producer has a
// usable default.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "actors/assembly/scheduler_policy.hpp"
#include "actors/assembly/stage_failure.hpp"
#include "actors/engines/journal_engine.hpp"
#include "actors/queue/state/limits.hpp"
#include "actors/sender/core/sender_limits.hpp"
#include "messages/result.hpp"

namespace millrace {

class FollowedStore;
class Metrics;
struct StageSpec;

namespace pb {
class QueueDefinition;
}  // namespace pb

namespace logs {
class OpenedLog;
}  // namespace logs

struct RuntimeOptions {
  std::filesystem::path data_dir;  ///< created if it does not exist
  std::uint32_t shards = 4;        ///< 1 to 1024; fixed for the life of the data directory
  /// Whether this node serves a shard of a queue; messages for other shards go to an outbox. Empty:
  /// it serves all. Called while the runtime starts, on the thread of Runtime::start(); the answer
  /// for a shard must not change meanwhile. Ignored if the runtime gets a Federation.
  std::function<bool(const std::string& queue, std::uint32_t shard)> serves{};
  /// Prefix of the producer names of this node's outboxes; must be unique to the data directory.
  /// Outboxes that exist already keep theirs. Empty: random.
  std::string outbox_producer{};
  /// Number of this generation of the node, by which other nodes tell an older copy of the data directory;
  /// must differ from those of all other generations. 0: random.
  std::uint64_t generation = 0;
  /// An operator has decided to go on although this node's data directory, or that of another node,
  /// is older than what the other one remembers: what lies between is lost. False: the node stops
  /// by `on_fatal` with the error `outdated`.
  bool accepts_loss = false;
  /// All queues of this node that stages read begin paused, unless they are: for a start after an
  /// incident or a restore. Runtime::pause() lifts it.
  bool start_paused = false;
  std::uint32_t threads = 0;  ///< of the scheduler; 0: one per core, at least 2
  SchedulerPolicy scheduler = SchedulerPolicy::sharing;
  std::uint32_t turn_messages = 0;  ///< that an actor handles in a row; 0: no limit
  queues::Limits limits{};          ///< per queue and shard; options of the stage take precedence
  /// By name of the queue, in place of `limits`. A `body_cache_bytes` at its default means the
  /// queue's share of `body_cache_bytes` below, but for the queues of `own_body_cache`.
  std::map<std::string, queues::Limits> queue_limits{};
  std::set<std::string> own_body_cache{};
  /// Makes the stage by which workers lease the messages of a queue that Runtime::define_queue() defines;
  /// fails with `invalid_argument`. Empty: no queue can be defined.
  std::function<Result<StageSpec>(const pb::QueueDefinition&)> make_defined_stage{};
  /// Queues that keep topics: no stage reads them, but clients by position; see Runtime::topics().
  std::set<std::string> topic_queues{};
  std::uint64_t body_cache_bytes =
      256u << 20;  ///< for all queues together; at least 1 MiB per queue and shard
  /// Values and histories of keys in memory, for all queues together; the rest is in `state/` of the
  /// data directory. 0: all of them are in memory, and in every checkpoint.
  std::uint64_t state_cache_bytes = 0;
  /// Where that is; empty: `state/` of the data directory, if `files` is null.
  std::filesystem::path state_dir{};
  std::uint64_t checkpoint_log_bytes = 128u << 20;  ///< least bytes of log between checkpoints
  journal::Options journal{};          ///< of the engine that is used if `engine` is null
  files::FileSystem* files = nullptr;  ///< of that engine; must outlive the runtime; null: POSIX
  std::shared_ptr<logs::Engine> engine{};     ///< keeps the log; null: the journal in `data_dir`
  std::shared_ptr<logs::OpenedLog> opened{};  ///< what `engine` has opened; null: it opens the log
  /// What was followed of the log, with options equal to these; null: nothing. If it holds, the start reads only
  /// the rest of the log, and uses its state_dir.
  std::shared_ptr<FollowedStore> followed{};
  std::uint64_t seed = 0;  ///< of the jitter of retries; 0: random
  /// Called when the node cannot go on, because the log failed, the actor of a queue ended or the
  /// data directory is outdated; by
  /// any thread, possibly by several at once. Must neither return nor throw. Empty: logs the error
  /// and exits at once with status 1, as a crash does.
  std::function<void(const Error&)> on_fatal{};
  /// Told of each handling that was retried, rejected or failed, for reports of the program's own; the
  /// log has them in any case, a line a second for each stage. What it throws is logged and has no
  /// further effect.
  OnStageFailure on_failure{};
  /// Metrics of the program, which Runtime::metrics() returns; null: an empty one is made.
  std::shared_ptr<Metrics> metrics{};
};

/// Options of one sender.
struct SenderOptions {
  /// Stable name, 1 to 200 characters. A second live sender of a name fences the first.
  std::string producer;
  std::uint64_t epoch = 1;  ///< of the producer; senders of lower epochs fail with `fenced`
  senders::Limits limits{};
};

}  // namespace millrace
