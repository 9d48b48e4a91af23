// What a node's runtime may be told. Every field has a default.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>

#include "actors/assembly/scheduler_policy.hpp"
#include "actors/journal/disk/file_system.hpp"
#include "actors/journal/write/options.hpp"
#include "actors/queue/state/limits.hpp"
#include "actors/sender/core/sender_core.hpp"
#include "messages/result.hpp"

namespace millrace {

struct RuntimeOptions {
  std::filesystem::path data_dir;  ///< made where it does not exist
  std::uint32_t shards = 4;        ///< 1 to 1024; fixed for the life of the data directory
  /// Whether this node serves a shard of a queue. Where it does not, what is sent there goes
  /// through an outbox. Empty: it serves all. The answer is the same for the life of the node.
  std::function<bool(const std::string& queue, std::uint32_t shard)> serves{};
  /// Begins the names by which other nodes know the outboxes of this data directory; must be as
  /// unique as the directory is. Only new outboxes take it. Empty: made from random bits.
  std::string outbox_producer{};
  std::uint32_t threads = 0;  ///< of the scheduler; 0: one a core, at least 2
  SchedulerPolicy scheduler = SchedulerPolicy::sharing;
  std::uint32_t turn_messages = 0;  ///< that an actor takes before the next; 0: all that it has
  queues::Limits limits{};          ///< of each queue of each shard, where no stage says otherwise
  /// By queue, in place of `limits`. The default of `body_cache_bytes` stands for the queue's share
  /// of `body_cache_bytes` below.
  std::map<std::string, queues::Limits> queue_limits{};
  std::uint64_t body_cache_bytes = 256u << 20;      ///< for all queues together
  std::uint64_t checkpoint_log_bytes = 128u << 20;  ///< of log between checkpoints, at least
  journal::Options journal{};
  journal::FileSystem* files = nullptr;  ///< outlives the runtime; null: the real one
  std::uint64_t seed = 0;                ///< of the jitter of retries; 0: from the system
  /// Called when the node cannot go on: the log failed, or a queue's actor ended. Must not return.
  /// Default: a line on stderr and exit status 1, at once, as after a crash.
  std::function<void(const Error&)> on_fatal{};
};

/// Of one sender.
struct SenderOptions {
  std::string producer;     ///< stable name, 1 to 200 characters; a second live one of a name
                            ///< fences the first
  std::uint64_t epoch = 1;  ///< of this name: a higher one fences the lower
  senders::Limits limits{};
};

}  // namespace millrace
