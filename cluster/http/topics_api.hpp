// TopicsApi: topics and groups of readers of the whole cluster, for operators. Implemented by the node.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "messages/result.hpp"

namespace millrace::http {

struct TopicPartitionView {
  std::uint32_t partition = 0;
  std::string owner{};      ///< node that serves it; empty: nobody knows now
  std::int64_t start = 0;   ///< offset of the first record that is kept
  std::int64_t next = 0;    ///< offset of the next record
  std::uint64_t bytes = 0;  ///< of what is kept
};

/// Of a group that reads a topic.
struct TopicGroupView {
  std::string name{};
  std::uint64_t lag =
      0;  ///< records that it has not committed, of all partitions that have answered
};

struct TopicView {
  std::string name{};
  std::string queue{};            ///< that keeps the topic
  std::int64_t retention_us = 0;  ///< of the topic itself; 0: the node's
  std::vector<TopicPartitionView> partitions{};
  std::vector<TopicGroupView> groups{};
};

struct TopicsView {
  std::vector<TopicView> topics{};
  std::size_t unanswered = 0;  ///< shards that have not answered, and are missing
};

struct GroupMemberView {
  std::string id{};
  std::string instance{};  ///< of a static member; empty: it is none
  std::string client{};    ///< its name for itself
  std::string host{};
  std::vector<std::pair<std::string, std::vector<std::uint32_t>>>
      assigned{};  ///< partitions by topic
};

struct GroupPartitionView {
  std::string topic{};
  std::uint32_t partition = 0;
  std::optional<std::int64_t> committed{};
  std::int64_t start = 0;  ///< as TopicPartitionView
  std::int64_t next = 0;
  std::uint64_t lag = 0;
  bool is_permanent = false;  ///< the group is of the configuration there
};

struct GroupView {
  std::string name{};
  std::string coordinator{};  ///< node; empty: nobody knows now
  std::string state{};        ///< in Kafka's words; "Unknown": the coordinator did not answer
  std::string protocol{};     ///< of assignments
  std::vector<GroupMemberView> members{};
  std::vector<GroupPartitionView> partitions{};
};

struct GroupsView {
  std::vector<GroupView> groups{};
  std::size_t unanswered = 0;  ///< as TopicsView
};

struct OffsetReset {
  enum class To : std::uint8_t { earliest, latest, offset, time };

  std::string group{};
  std::optional<std::string> topic{};        ///< nullopt: all that the group reads
  std::optional<std::uint32_t> partition{};  ///< of the topic; nullopt: all
  To to = To::earliest;
  std::int64_t value = 0;  ///< of To::offset; of To::time milliseconds since 1970-01-01 UTC
  bool is_dry_run = false;
  bool is_forced = false;  ///< also while the group has members, which then must join again
};

struct OffsetMove {
  std::string topic{};
  std::uint32_t partition = 0;
  std::optional<std::int64_t> before{};
  std::int64_t after = 0;
};

/// Threads: any but an actor's; all wait for other nodes, for some 20 s at most.
class TopicsApi {
 public:
  virtual ~TopicsApi() = default;

  /// One topic, or all. Fails with `not_found` for a topic that there is not, `draining`, `timeout`.
  [[nodiscard]] virtual Result<TopicsView> topics(const std::optional<std::string>& topic) = 0;

  /// One group with its members, or all. Fails as topics().
  [[nodiscard]] virtual Result<GroupsView> groups(const std::optional<std::string>& group) = 0;

  /// Sets the committed offsets of a group, each within what is kept of its partition. Fails with `not_found`, `rejected` (the
  /// group has members, or the configuration does not let it read the topic), `unreachable` (a shard or the
  /// coordinator), `draining`, `timeout`.
  [[nodiscard]] virtual Result<std::vector<OffsetMove>> reset(const OffsetReset& reset) = 0;

  /// Forgets a group with all that it has committed. Fails as reset(); `rejected` also if the configuration names it.
  [[nodiscard]] virtual Result<void> remove_group(const std::string& group, bool is_forced) = 0;
};

}  // namespace millrace::http
