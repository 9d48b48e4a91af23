// RuntimeApi: the gateway's view of a running node.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <vector>

#include "actors/stage/pipeline_spec.hpp"
#include "cluster/http/node_api.hpp"
#include "cluster/http/service/offers_in_flight.hpp"

namespace millrace::http {

class RuntimeApi : public NodeApi {
 public:
  /// `runtime`, `cluster` and `peers` outlive this; `peers` is null for a node that asks no other one.
  RuntimeApi(Runtime& runtime, ClusterView& cluster, PeerAsker* peers = nullptr);
  ~RuntimeApi() override;

  NodeStatus status() override;
  Result<void> ready() override;
  std::vector<Member> members() override;
  std::vector<ShardView> shards() override;
  std::vector<ShardConflict> conflicts() override;
  std::vector<WaitingShardsView> waiting() override { return cluster_.waiting(); }
  Result<void> give_up(const std::string& node) override { return cluster_.give_up(node); }
  Result<void> move_shard(const std::string& role, std::uint32_t shard,
                          const std::string& to) override;
  Result<void> drain() override;
  Result<std::shared_ptr<const receivers::ExternalStages>> external_stages() override {
    return runtime_.external_stages();
  }
  std::vector<QueueInfo> queues() override;
  std::vector<PipelineGraph> pipelines() override;
  std::string type_of(const std::string& queue) override;
  Result<void> offer(const OfferRequest& request, OfferDone done) override;
  void offer_all(std::vector<OfferRequest> requests, OffersDone done) override;
  std::optional<NumberedResult> offer_numbered(NumberedOffers offers,
                                               NumberedOffersDone done) override;
  Result<std::vector<MessageView>> peek(const std::string& queue, std::uint64_t max,
                                        const MessageFilter& filter) override;
  Result<Removed> redrive(const std::string& queue, const MessageFilter& filter,
                          std::uint64_t max) override;
  Result<Removed> drop(const std::string& queue, const MessageFilter& filter,
                       std::uint64_t max) override;
  Result<std::vector<Explained>> explain(const std::string& queue, const MessageFilter& filter,
                                         std::uint64_t max) override {
    return runtime_.explain(queue, filter, max);
  }
  Result<std::vector<PausedQueue>> pause(const PauseRequest& request) override;
  Result<void> define_queue(const pb::QueueDefinition& definition) override;
  PeerAsker* peer_asker() override { return peers_; }
  Result<KeyView> key(const std::string& queue, const std::string& key) override;
  std::optional<Member> owner(const std::string& queue, const std::string& key) override;
  std::string owner_name(const std::string& queue, std::uint32_t shard) override;
  Result<logs::BackupInfo> back_up(const std::string& target) override;
  logs::LogStats log_stats() override;
  UpkeepStats upkeep_stats() override;
  Result<std::optional<std::uint64_t>> free_storage_bytes() override;
  std::vector<StageCounts> stages() override;
  Result<std::shared_ptr<TopicsApi>> topics() override;
  /// What topics() returns from now on.
  void set_topics(std::shared_ptr<TopicsApi> topics);
  std::string program_metrics() override { return runtime_.metrics()->text(); }

 private:
  /// What is known of a queue, and the sender into it.
  struct Target {
    std::string type;
    bool is_dead_letter = false;
    KeyOf key_of{};
    std::mutex mutex{};
    std::shared_ptr<SenderLink> link{};  ///< under mutex, as link_used_us
    TimeUs link_used_us = 0;
    OffersInFlight in_flight{};
  };

  struct Ending;
  class Collecting;

  /// Adds what can be offered to of `pipelines`; what is known stays as it is. REQUIRES: targets_mutex_ is
  /// held, or this is being constructed.
  void add_targets(const std::vector<PipelineSpec>& pipelines);
  /// Null: there is no such queue.
  [[nodiscard]] std::shared_ptr<Target> target_of(const std::string& queue);

  /// The queues that `request` means, without repeats.
  [[nodiscard]] Result<std::vector<std::string>> queues_of(const PauseRequest& request) const;
  Result<std::shared_ptr<SenderLink>> link_to(const std::string& queue, Target& target);
  /// As offer(), of a message under `keyed`, whose payload is `payload`.
  Result<void> send(const OfferRequest& request, const std::shared_ptr<Target>& target,
                    const queues::KeyedOffer& keyed, std::string payload, OfferDone done);
  /// Gives the sender a message for which there is room.
  Result<void> pass_on(const std::shared_ptr<Target>& target,
                       const std::shared_ptr<SenderLink>& link, Offered offered,
                       std::string payload, MessageOptions options, OfferDone done);
  /// Whether `bytes` more can be offered to a shard, as offer() fails.
  Result<void> has_room(const std::string& queue, std::uint32_t shard, std::uint64_t bytes);

  Runtime& runtime_;
  ClusterView& cluster_;
  PeerAsker* const peers_;
  std::shared_mutex targets_mutex_;
  std::map<std::string, std::shared_ptr<Target>> targets_;  ///< under targets_mutex_
  std::mutex topics_mutex_;
  std::shared_ptr<TopicsApi> topics_{};  ///< under topics_mutex_; null: there is none
  std::mutex conflicts_mutex_;
  std::vector<ShardConflict> conflicts_{};  ///< under conflicts_mutex_, as conflicts_at_
  std::optional<std::chrono::steady_clock::time_point> conflicts_at_{};
};

}  // namespace millrace::http
