// QueueBroker: topics and groups over the queues of a cluster. A shard is a partition, its owner the leader. Topics
// that clients make lie in one queue of the node's own, `topic_store`; a queue of the pipelines that keeps topics is
// the topic of its name.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "actors/assembly/topic_queues.hpp"
#include "cluster/calls/peer_calls.hpp"
#include "cluster/kafka/broker/catalogue.hpp"
#include "cluster/kafka/broker/topic_calls.hpp"
#include "cluster/kafka/broker/topic_store.hpp"
#include "cluster/kafka/broker_api.hpp"

namespace millrace::kafka {

/// Thread-safe, beyond what BrokerApi asks. All that the options name outlives it.
class QueueBroker final : public BrokerApi {
 public:
  /// Where clients reach a node; an empty host: nobody has said.
  struct NodeAddress {
    std::string node{};
    std::string host{};
    std::uint16_t port = 0;
  };
  /// A topic of the configuration.
  struct Configured {
    pb::TopicOptions options{};
    std::vector<std::string> groups{};
  };
  struct Options {
    std::string cluster{};
    std::string self{};  ///< name of this node
    std::uint32_t shards = 0;
    std::function<std::vector<NodeAddress>()> nodes{};  ///< of the cluster, this one among them
    OwnerOf owner{};
    std::map<std::string, Configured> topics{};  ///< made at the start
    std::map<std::string, std::string>
        queues{};                   ///< of these, those that stages write to, and their types
    bool auto_create = false;       ///< clients make topics and groups by using them
    std::int64_t retention_us = 0;  ///< of topics that do not say it; shown to clients
    std::uint64_t seed = 0;  ///< of the ids of producers: differs for each start of each node
    std::function<std::chrono::steady_clock::time_point()> now{};
  };

  QueueBroker(Options options, TopicQueues queues, calls::PeerCalls& peers);

  ClusterDescription cluster() override;
  std::vector<TopicDescription> topics() override;
  std::optional<TopicDescription> topic(const std::string& name) override;
  bool creates_topics() override { return options_.auto_create; }
  void create_topic(NewTopic topic, Done<void> done) override;
  void delete_topic(const std::string& name, Done<void> done) override;
  void produce(TopicPartition partition, RecordBatch batch, Done<Produced> done) override;
  void fetch(const FetchFrom& from, Done<Fetched> done) override;
  std::unique_ptr<Watch> watch(const TopicPartition& partition, std::int64_t offset,
                               std::function<void()> notify) override;
  void find_offset(const TopicPartition& partition, OffsetAt at, std::int64_t timestamp_ms,
                   Done<FoundOffset> done) override;
  void init_producer(std::optional<ProducerId> before, Done<ProducerId> done) override;
  std::optional<Broker> coordinator(const std::string& group) override;
  void subscribe(const std::string& group, std::vector<std::string> topics,
                 Done<void> done) override;
  void commit(const std::string& group, std::vector<GroupOffset> offsets,
              Done<std::vector<Result<void>>> done) override;
  void committed(const std::string& group, std::optional<std::vector<TopicPartition>> partitions,
                 Done<std::vector<GroupOffset>> done) override;
  void unsubscribe(const std::string& group, std::optional<std::vector<TopicPartition>> partitions,
                   Done<std::vector<Result<void>>> done) override;
  std::vector<std::string> groups() override;

  /// What the shards of a cluster say of their topics.
  struct Survey {
    struct Place {
      std::string queue{};
      std::uint32_t shard = 0;
      std::string owner{};  ///< node
      pb::TopicCallAnswer::Topic topic{};
    };
    std::vector<Place> places{};     ///< by queue, shard and topic
    std::size_t unanswered = 0;      ///< shards without an answer
    std::optional<Error> failure{};  ///< of the first of them
  };
  /// Asks all shards for one topic or all, and one group of them or all. `done` is called once, from any thread.
  void survey(const std::optional<std::string>& topic, const std::optional<std::string>& group,
              std::function<void(Survey)> done);
  /// As find_offset() with OffsetAt::time, also of a partition that another node leads.
  void find_time_anywhere(const TopicPartition& partition, std::int64_t timestamp_ms,
                          Done<FoundOffset> done);
  /// The node that coordinates a group; empty: nobody knows now.
  [[nodiscard]] std::string coordinating_node(const std::string& group) const;

  /// Asks for the topics and groups that there are; also done by the functions above when what is known is old.
  void refresh();

  /// Makes what is missing of the topics and groups of the configuration, by what is known. Returns whether nothing is
  /// missing. To be called from time to time until then.
  [[nodiscard]] bool settle();

 private:
  using Calls = std::vector<pb::TopicCall>;

  [[nodiscard]] std::map<std::string, Broker> brokers() const;
  [[nodiscard]] std::string queue_of(const std::string& topic) const;
  [[nodiscard]] std::string type_of(const std::string& topic) const;
  [[nodiscard]] std::optional<Error> check(const TopicPartition& partition) const;
  [[nodiscard]] TopicDescription describe(const std::string& name, const pb::TopicOptions& options,
                                          const std::map<std::string, Broker>& brokers) const;
  [[nodiscard]] Result<pb::TopicOptions> options_of(const NewTopic& topic) const;
  /// One call for each shard of the topic's queue.
  [[nodiscard]] Calls for_each_shard(const std::string& queue, const pb::TopicCall& call) const;
  /// Makes all calls; the first error that `is_fine` does not pass over is the outcome.
  void call_all(const Calls& calls, std::function<bool(const Error&)> is_fine, Done<void> done);
  void make(const std::string& topic, const pb::TopicOptions& options, bool updates,
            Done<void> done);
  void join(const std::string& topic, const std::string& group, bool permanent, Done<void> done);
  void unsubscribe_all(const std::string& group, Done<std::vector<Result<void>>> done);
  [[nodiscard]] bool is_configured(const std::string& topic, const std::string& group) const;
  [[nodiscard]] std::optional<Error> check_group(const std::string& topic,
                                                 const std::string& group) const;
  /// Calls that ask all shards of all queues.
  [[nodiscard]] Calls describe_all(const pb::TopicCall& describe) const;
  void ask_all();

  const Options options_;
  const TopicQueues queues_;
  // Shared with callbacks, which may come after this object is gone.
  const std::shared_ptr<TopicCalls> calls_;
  const std::shared_ptr<Catalogue> catalogue_ = std::make_shared<Catalogue>();
  std::mutex mutex_;
  std::mt19937_64 random_;                                           ///< guarded by mutex_
  std::optional<std::chrono::steady_clock::time_point> asked_at_{};  ///< guarded by mutex_
};

}  // namespace millrace::kafka
