// A node that keeps topics and groups in memory, for tests of the Kafka server. Outcomes come from a thread of its
// own, in their order, as from a node that syncs a log.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "cluster/kafka/broker_api.hpp"

namespace millrace::kafka {

class MemoryBroker final : public BrokerApi {
 public:
  struct Settings {
    std::int32_t partitions = 4;  ///< of topics that clients make
    bool creates_topics = true;
    std::int64_t offset_gap = 0;  ///< left behind each batch
    std::size_t batches_max = 0;  ///< of a partition: offers beyond it are refused; 0: none
  };

  explicit MemoryBroker(const Settings& settings);
  ~MemoryBroker() override;

  /// Where its clients reach it. Before the first request.
  void set_address(std::string host, std::uint16_t port);
  /// Further nodes that clients are told of, and partitions that they lead.
  void add_broker(Broker broker);
  void set_leader(const TopicPartition& partition, std::int32_t broker);
  /// From now on a node of this id coordinates all groups.
  void set_coordinator(std::int32_t broker);

  /// While held, outcomes wait.
  void hold(bool is_held);
  /// Outcomes that wait.
  [[nodiscard]] std::size_t held();
  /// Until as many outcomes wait; false after 20 s.
  [[nodiscard]] bool wait_for_held(std::size_t count);
  /// What each produce, commit and subscribe fails with; nullopt: they do not.
  void fail_with(std::optional<Error> failure);

  [[nodiscard]] std::uint64_t records();  ///< that were appended
  [[nodiscard]] std::uint64_t batches();
  [[nodiscard]] std::uint64_t duplicates();
  [[nodiscard]] std::vector<std::string> subscriptions(const std::string& group);

  // BrokerApi
  ClusterDescription cluster() override;
  std::vector<TopicDescription> topics() override;
  std::optional<TopicDescription> topic(const std::string& name) override;
  bool creates_topics() override { return settings_.creates_topics; }
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

 private:
  struct Batch {
    std::int64_t base_offset = 0;
    BatchHeader header{};
    std::shared_ptr<const std::string> bytes{};
  };
  struct Producer {
    std::int16_t epoch = 0;
    std::int32_t next_sequence = 0;
    std::deque<std::pair<std::int32_t, std::int64_t>> recent{};  ///< base sequence and offset
  };
  struct Partition {
    std::int32_t leader = 0;
    std::deque<Batch> batches{};
    std::int64_t start = 0;  ///< the lowest offset that is kept
    std::int64_t last = 0;   ///< the offset behind the last record
    std::int64_t end = 0;    ///< the offset of the next record
    std::map<std::int64_t, Producer> producers{};
  };
  struct Topic {
    std::vector<Partition> partitions{};
    std::vector<std::pair<std::string, std::string>> configs{};
  };
  struct Watcher {
    TopicPartition partition;
    std::int64_t offset;
    std::function<void()> notify;
  };
  struct Group {
    std::vector<std::string> topics{};
    std::map<TopicPartition, GroupOffset> offsets{};
  };
  class Ticket;

  void later(std::function<void()> outcome);
  void work();
  [[nodiscard]] Result<Partition*> find(const TopicPartition& partition);
  [[nodiscard]] Result<Produced> append(const TopicPartition& to, RecordBatch& batch);
  [[nodiscard]] Result<Fetched> read(const FetchFrom& from);
  [[nodiscard]] std::vector<std::function<void()>> take_due_watchers();

  const Settings settings_;
  std::mutex mutex_;
  std::condition_variable changed_;
  Broker self_{.id = 1};
  std::vector<Broker> others_{};
  std::int32_t coordinator_ = 1;
  std::map<std::string, Topic> topics_{};
  std::map<std::string, Group> groups_{};
  std::list<Watcher> watchers_{};
  std::int64_t last_producer_ = 1'000;
  std::optional<Error> failure_{};
  std::uint64_t records_ = 0;
  std::uint64_t batches_ = 0;
  std::uint64_t duplicates_ = 0;
  std::deque<std::function<void()>> outcomes_{};
  bool is_held_ = false;
  bool is_stopping_ = false;
  std::thread thread_;
};

}  // namespace millrace::kafka
