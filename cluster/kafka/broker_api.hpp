// BrokerApi: what the Kafka server asks of its node. Topics are queues, partitions are their shards, the leader of
// a partition is the node that owns the shard, and a group that reads a topic is a subscription to it.
//
// Offsets. The offset of a record is a number of its partition: a later record has a higher one, and there
// may be gaps. An offset means the same record whoever asks: the protocol's Fetch and ListOffsets do not say
// for which group they read, and clients compare offsets that they have from a produce, a fetch, a
// commit and from ListOffsets. So where each subscription has a queue of its own, its sequence numbers must be
// turned into those of the topic, and a fetch is served from whatever still has the record.
//
// Durability. A produce is done when its records are durable for every subscription that exists, in
// one record of the log; a commit when what it acknowledges is.
//
// Threads. All functions are called by one thread, the loop of the Kafka server, and must not block. A callback
// that was taken is called once, from any thread, perhaps before the function returns; it does not block,
// and may be called after the server has stopped. Destroying it without a call is allowed when the node
// stops: the client gets no answer, and does not know what became of its request.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cluster/kafka/records/record_batch.hpp"
#include "messages/result.hpp"

namespace millrace::kafka {

/// A node, as Kafka clients reach it.
struct Broker {
  std::int32_t id = 0;  ///< >= 0; the same over restarts, another one for each node
  std::string host{};   ///< of its Kafka listener, as clients of other machines resolve it
  std::uint16_t port = 0;

  friend bool operator==(const Broker&, const Broker&) = default;
};

struct ClusterDescription {
  std::string name{};
  std::vector<Broker> brokers{};  ///< those that may be reached; this node among them
  std::int32_t self = 0;          ///< id of this node
};

struct TopicDescription {
  std::string name{};
  /// By partition: the id of its leader, which may be missing among the brokers; -1: none is known.
  std::vector<std::int32_t> leaders{};
  std::vector<std::pair<std::string, std::string>> configs{};  ///< for people, as "retention.ms"
};

struct TopicPartition {
  std::string topic{};
  std::int32_t partition = 0;

  friend auto operator<=>(const TopicPartition&, const TopicPartition&) = default;
};

/// Where a batch is durable. Its records have consecutive offsets.
struct Produced {
  std::int64_t base_offset =
      -1;  ///< of the first record; -1: it is a duplicate, and nobody knows any more
  std::int64_t log_start_offset = -1;  ///< the lowest that can be read; -1: unknown
  bool is_duplicate = false;           ///< the batch was durable before
};

struct FetchFrom {
  TopicPartition partition{};
  std::int64_t offset = 0;
  std::size_t bytes_max = 0;  ///< of Fetched::batches
  bool takes_larger = false;  ///< the first record comes also if it alone is larger than bytes_max
};

struct Fetched {
  /// Record batches of format 2, as a BatchBuilder makes them, behind each other, from FetchFrom::offset or
  /// the first offset behind it that there is; empty: there is nothing yet.
  std::string batches{};
  std::int64_t next_offset = -1;  ///< behind the last record of `batches`; -1: they are empty
  bool has_larger = false;  ///< `batches` is empty because the next record is larger than bytes_max
  std::int64_t high_watermark = -1;    ///< as OffsetAt::latest
  std::int64_t log_start_offset = -1;  ///< as OffsetAt::earliest
};

/// Which offset is asked for.
enum class OffsetAt : std::uint8_t {
  earliest,  ///< the lowest that can be read
  latest,    ///< behind the last record; the next one will have this offset, or a higher one
  time,      ///< of the first record whose timestamp is the one given, or later
};

struct FoundOffset {
  std::int64_t offset = -1;        ///< -1: no record is that late
  std::int64_t timestamp_ms = -1;  ///< of the record, if a time was asked for
};

struct GroupOffset {
  TopicPartition partition{};
  std::int64_t offset = -1;  ///< of the next record to read; as committed: -1: nothing is
  std::string metadata{};    ///< of the client, for itself; at most commit_metadata_bytes_max
};
inline constexpr std::size_t commit_metadata_bytes_max = 4'096;

struct ProducerId {
  std::int64_t id = -1;     ///< >= 0
  std::int16_t epoch = -1;  ///< >= 0
};

struct NewTopic {
  std::string name{};
  std::optional<std::int32_t> partitions{};  ///< nullopt: as many as there are shards
  std::vector<std::pair<std::string, std::string>> configs{};
  bool is_check_only = false;  ///< nothing is made; only whether it could be
};

template <class T>
using Done = std::function<void(Result<T>)>;

/// Ends a watch when it is destroyed; a call in progress may still happen. Any thread.
class Watch {
 public:
  virtual ~Watch() = default;
};

class BrokerApi {
 public:
  virtual ~BrokerApi() = default;

  // --- Topics ---

  /// Waits for nothing.
  [[nodiscard]] virtual ClusterDescription cluster() = 0;
  /// All topics that clients may see. Waits for nothing.
  [[nodiscard]] virtual std::vector<TopicDescription> topics() = 0;
  /// The topic; nullopt: there is none. Waits for nothing.
  [[nodiscard]] virtual std::optional<TopicDescription> topic(const std::string& name) = 0;
  /// Whether a topic that a client names may be made for it.
  [[nodiscard]] virtual bool creates_topics() = 0;

  /// Makes a topic; done when all nodes know it. Fails with `invalid_argument` (a name, a number of
  /// partitions or a setting that cannot be; the text says what could), `key_reused` (there is one),
  /// `rejected` (topics are made by the configuration only), and as produce().
  virtual void create_topic(NewTopic topic, Done<void> done) = 0;
  /// Removes a topic with its records and subscriptions. Fails with `not_found`, `rejected`, and as
  /// produce().
  virtual void delete_topic(const std::string& name, Done<void> done) = 0;

  // --- Records ---

  /// Appends the records of a batch, all or none. Batches of one partition are taken in the order of the
  /// calls. With a producer id, numbers are checked as those of a sender: the sequence number of a
  /// record is base_sequence plus its place in the batch, modulo 2^31. `acks=0` is not told apart.
  /// RecordBatch::packed is valid during the call only.
  ///
  /// Fails with `not_found`, `not_owner`, `unreachable` (no owner is known), `out_of_order`,
  /// `unknown_producer`, `fenced` (an older epoch), `too_large`, `invalid_argument` (a record is not of the
  /// queue's type; the text says which), `backlog_full`, `storage_full`, `log_unreachable`, `draining`;
  /// then nothing was appended; with `timeout`: nobody knows. A node may also hold the batch back until
  /// there is room: the server bounds what clients can have in flight.
  virtual void produce(TopicPartition partition, RecordBatch batch, Done<Produced> done) = 0;

  /// Reads what is there now. Fails with `not_found`, `not_owner`, `unreachable`, `draining`;
  /// `expired`: the offset is below the lowest, or above the one that the next record will have.
  virtual void fetch(const FetchFrom& from, Done<Fetched> done) = 0;

  /// Calls `notify` once, as soon as there is a record at `offset` or behind it, or fetch() would fail; at
  /// once if it is so already. Calls without a reason are allowed.
  [[nodiscard]] virtual std::unique_ptr<Watch> watch(const TopicPartition& partition,
                                                     std::int64_t offset,
                                                     std::function<void()> notify) = 0;

  /// `timestamp_ms` counts for OffsetAt::time only. Fails as fetch().
  virtual void find_offset(const TopicPartition& partition, OffsetAt at, std::int64_t timestamp_ms,
                           Done<FoundOffset> done) = 0;

  /// A new producer id; or, if `before` is one, the same id with a later epoch or a new id: what was
  /// sent under the former must be fenced. Fails as produce().
  virtual void init_producer(std::optional<ProducerId> before, Done<ProducerId> done) = 0;

  // --- Groups ---

  /// The node that coordinates a group: always the same while that node runs. Nullopt: nobody knows now.
  /// Waits for nothing.
  [[nodiscard]] virtual std::optional<Broker> coordinator(const std::string& group) = 0;

  /// Makes sure that from now on each record of these topics is kept until the group has committed
  /// an offset behind it. Asked for when a member joins, often again. Topics that do not exist are left
  /// out. Fails with `rejected` if subscriptions are made by the configuration only and there is none, and
  /// as produce().
  virtual void subscribe(const std::string& group, std::vector<std::string> topics,
                         Done<void> done) = 0;

  /// Commits: of each partition the group has handled every record below the offset. All that this
  /// acknowledges in one partition is one record of its log. Done when all are durable; `done` gets one
  /// result for each of `offsets`, in their order. An offset below the committed one makes the group read again
  /// what is still kept, and changes nothing otherwise. A group without a subscription gets one by its first
  /// commit. Each fails with `invalid_argument` (an offset above the one that the next record will have), and as produce().
  virtual void commit(const std::string& group, std::vector<GroupOffset> offsets,
                      Done<std::vector<Result<void>>> done) = 0;

  /// What the group has committed for `partitions`, in their order; nullopt: for all for which it has
  /// committed something. Fails as produce() when it cannot be said for any of them: a guess would make the
  /// group read from elsewhere.
  virtual void committed(const std::string& group,
                         std::optional<std::vector<TopicPartition>> partitions,
                         Done<std::vector<GroupOffset>> done) = 0;

  /// Forgets a group, with what it has committed: in `partitions`, in their order, or, nullopt, wherever there is
  /// something. What was kept for it may go. Done when that is durable; `done` gets one result for each partition, or
  /// one in all. Each fails with `not_found` (there is nothing), `rejected` (the configuration names the group), and
  /// as produce().
  virtual void unsubscribe(const std::string& group,
                           std::optional<std::vector<TopicPartition>> partitions,
                           Done<std::vector<Result<void>>> done) = 0;

  /// Names of groups that have subscriptions and are coordinated by this node. Waits for nothing.
  [[nodiscard]] virtual std::vector<std::string> groups() = 0;
};

}  // namespace millrace::kafka
