// NodeApi: what the gateway shows of a node, and what it does there.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actors/log/backup.hpp"
#include "actors/log/log_stats.hpp"
#include "actors/receiver/shell/external_stages.hpp"
#include "actors/runtime/runtime.hpp"
#include "actors/stage/routed.hpp"
#include "actors/upkeep/upkeep_stats.hpp"
#include "cluster/http/cluster_view.hpp"
#include "cluster/http/pause_request.hpp"
#include "cluster/http/peer_asker.hpp"
#include "cluster/http/topics_api.hpp"
#include "messages/result.hpp"

namespace millrace::http {

/// A message that comes from outside.
struct OfferRequest {
  std::string queue{};
  std::string json{};                ///< Protobuf JSON mapping of the queue's type
  std::optional<std::string> key{};  ///< nullopt: what the queue's pipelines take from the message
  std::string idempotency_key{};
  MessageOptions options{};  ///< without idempotency key
};

/// Where a message is durable.
struct Offered {
  std::string queue;
  std::string key;
  std::uint32_t shard = 0;
  bool is_duplicate = false;  ///< the message was accepted before, under the same idempotency key
};

/// A shard of a queue with two owners.
struct ShardConflict {
  std::string queue;
  std::uint32_t shard = 0;
  std::string owner;  ///< name of the other node
};

/// Receives the outcome of an offer that was taken, once, from any thread. Must not block.
using OfferDone = std::function<void(const Result<Offered>&)>;

/// Receives what became of many offers, once, from any thread. Must not block.
using OffersDone = std::function<void(const std::vector<Result<Offered>>&)>;

/// Messages that a client numbers by itself: first, first + 1, … of a producer and the shard that all of
/// them belong to.
struct NumberedOffers {
  std::vector<OfferRequest> requests{};  ///< at least one, all of one queue
  std::string producer{};                ///< 1 to 200 bytes
  std::uint64_t epoch = 1;               ///< at least 1; offers of a lower one are refused
  std::uint64_t first = 1;               ///< at least 1
};

/// What became of them.
struct NumberedResult {
  std::uint32_t shard = 0;
  std::uint64_t known = 0;                  ///< last number of the producer before these
  std::vector<Result<Offered>> messages{};  ///< in order
};

/// Receives what became of numbered messages, once, from any thread. Must not block.
using NumberedOffersDone = std::function<void(const NumberedResult&)>;

/// A stage in the graph of a pipeline.
struct StageNode {
  std::string name;
  std::string source;
  std::vector<std::string> targets{};
  std::string dead_letter;
  std::uint32_t workers = 0;
};

struct PipelineGraph {
  std::string name;
  std::vector<StageNode> stages{};
};

/// Threads: all calls may come from any thread but an actor's. Those that return a Result, except
/// ready(), may wait for actors and the disk.
class NodeApi {
 public:
  virtual ~NodeApi() = default;

  [[nodiscard]] virtual NodeStatus status() = 0;
  /// Whether work may be sent here. Fails as ClusterView::ready(), with `storage_full`, or with
  /// `fenced` if there are conflicts().
  [[nodiscard]] virtual Result<void> ready() = 0;
  [[nodiscard]] virtual std::vector<Member> members() = 0;
  /// Begins to drain the node, and returns. Fails with `draining` when it does already.
  virtual Result<void> drain() = 0;

  [[nodiscard]] virtual std::vector<ShardView> shards() = 0;
  /// Queues and shards that this node holds though another node owns them: its disk or that of the
  /// other one was restored from a copy, and an operator must decide. Does not wait; at most a second
  /// old.
  [[nodiscard]] virtual std::vector<ShardConflict> conflicts() = 0;
  /// As ClusterView::waiting() and give_up().
  [[nodiscard]] virtual std::vector<WaitingShardsView> waiting() { return {}; }
  virtual Result<void> give_up(const std::string& node) {
    return Error{ErrorCode::not_found, "no shard belongs to " + node};
  }
  /// As ClusterView::move_shard().
  virtual Result<void> move_shard(const std::string& role, std::uint32_t shard,
                                  const std::string& to) = 0;

  /// All queues with what this node serves of them, outboxes among them. Waits for at most 3 s; see
  /// QueueInfo::unanswered.
  [[nodiscard]] virtual std::vector<QueueInfo> queues() = 0;
  [[nodiscard]] virtual std::vector<PipelineGraph> pipelines() = 0;
  /// Full name of the Protobuf type that a queue carries; empty: several, or there is no such
  /// queue.
  [[nodiscard]] virtual std::string type_of(const std::string& queue) = 0;

  /// Offers a message. `done` is called when it is durable, or when its sender has failed; perhaps
  /// before the function returns. Fails with `not_found`, `invalid_argument` (the text names the
  /// field), `too_large`, `backlog_full`, `storage_full`, `draining`, `fenced`, `not_owner`,
  /// `unreachable` (the shard has no owner yet), `key_reused`; then the message was not taken, and `done` is not called. `done` is destroyed
  /// without a call if the node stops: nobody knows then whether the message is durable.
  [[nodiscard]] virtual Result<void> offer(const OfferRequest& request, OfferDone done) = 0;

  /// Offers messages to one queue, each as offer(): some may be taken and others not. `done` gets what
  /// became of each, in order; it is destroyed without a call if the node stops.
  virtual void offer_all(std::vector<OfferRequest> requests, OffersDone done) = 0;

  /// Offers numbered messages: all of them are refused where one is none, or where they belong to several
  /// shards; else the first ones are durable, and the rest was refused, as offer(), or with
  ///   not_owner     another node serves their shard, or is about to
  ///   fenced        the producer has a higher epoch, or a later offer of it is being made
  ///   out_of_order  numbers between NumberedResult::known and the first one are missing
  /// Returns the result if all of them are refused at once; `done`, as of offer_all(), is not called then.
  [[nodiscard]] virtual std::optional<NumberedResult> offer_numbered(NumberedOffers offers,
                                                                     NumberedOffersDone /*done*/) {
    const Error refusal{ErrorCode::not_found, "this process takes no numbered messages"};
    return NumberedResult{.messages =
                              std::vector<Result<Offered>>(offers.requests.size(), refusal)};
  }

  // As those of Runtime, on what this node serves.
  [[nodiscard]] virtual Result<std::vector<MessageView>> peek(const std::string& queue,
                                                              std::uint64_t max,
                                                              const MessageFilter& filter) = 0;
  [[nodiscard]] virtual Result<Removed> redrive(const std::string& queue,
                                                const MessageFilter& filter, std::uint64_t max) = 0;
  [[nodiscard]] virtual Result<Removed> drop(const std::string& queue, const MessageFilter& filter,
                                             std::uint64_t max) = 0;
  /// As Runtime::explain().
  [[nodiscard]] virtual Result<std::vector<Explained>> explain(const std::string& /*queue*/,
                                                               const MessageFilter& /*filter*/,
                                                               std::uint64_t /*max*/) {
    return Error{ErrorCode::not_found, "this process serves no queues"};
  }
  /// Pauses or resumes queues in the shards that this node serves, as Runtime::pause(). A queue of
  /// which it serves nothing is paused in 0 shards. Fails with `not_found` (there is nothing of that
  /// name), and as Runtime::pause(); then it may be done in part.
  [[nodiscard]] virtual Result<std::vector<PausedQueue>> pause(const PauseRequest& /*request*/) {
    return Error{ErrorCode::not_found, "this process serves no queues"};
  }
  /// As DefinedQueues::define(), at this node; waits for at most 10 s until it can be used, and then fails with
  /// `timeout`: it is defined.
  [[nodiscard]] virtual Result<void> define_queue(const pb::QueueDefinition& /*definition*/) {
    return Error{ErrorCode::not_found, "this process serves no queues"};
  }
  [[nodiscard]] virtual Result<KeyView> key(const std::string& queue, const std::string& key) = 0;

  /// What asks the other members; null: this process asks none.
  [[nodiscard]] virtual PeerAsker* peer_asker() { return nullptr; }

  /// The member that serves the shard of `key`; nullopt: nobody knows now.
  [[nodiscard]] virtual std::optional<Member> owner(const std::string& queue,
                                                    const std::string& key) = 0;
  /// Name of the member that serves `shard` of `queue`; empty: nobody knows now.
  [[nodiscard]] virtual std::string owner_name(const std::string& queue, std::uint32_t shard) = 0;

  /// Writes a backup of this node's data to a directory of its machine; as Runtime::back_up().
  [[nodiscard]] virtual Result<logs::BackupInfo> back_up(const std::string& target) = 0;

  [[nodiscard]] virtual logs::LogStats log_stats() = 0;
  /// As Runtime::upkeep_stats(); of a process that serves nothing: none.
  [[nodiscard]] virtual UpkeepStats upkeep_stats() { return {}; }
  /// As Runtime::free_storage_bytes().
  [[nodiscard]] virtual Result<std::optional<std::uint64_t>> free_storage_bytes() = 0;
  [[nodiscard]] virtual std::vector<StageCounts> stages() = 0;
  /// Metrics of the program, in the text format of Prometheus; "": it has none.
  [[nodiscard]] virtual std::string program_metrics() { return {}; }

  /// The external stages, for their workers. Fails as Runtime::external_stages(), or with `not_found`:
  /// this process runs none.
  [[nodiscard]] virtual Result<std::shared_ptr<const receivers::ExternalStages>> external_stages() {
    return Error{ErrorCode::not_found, "this process runs no external stages"};
  }

  /// Topics and groups, for operators. Fails with `not_found`: the node does not serve Kafka's clients, or not yet.
  [[nodiscard]] virtual Result<std::shared_ptr<TopicsApi>> topics() {
    return Error{ErrorCode::not_found, "this node serves no topics: see kafka.listen"};
  }
};

}  // namespace millrace::http
