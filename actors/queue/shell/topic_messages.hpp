// What clients ask of a queue that keeps topics. A TopicMessage carries one command, and its answer goes to the
// command's TopicReply.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "actors/queue/decide/decide_topic.hpp"
#include "actors/queue/state/body.hpp"
#include "messages/result.hpp"

namespace millrace::queues {

/// Called once: on the queue's thread, or, if the queue ends first, with `not_owner` on the thread that destroys the
/// command. The function must not block or throw.
template <class T>
class TopicReply {
 public:
  using Function = std::function<void(Result<T>)>;

  TopicReply() = default;
  TopicReply(Function function) : function_(std::move(function)) {}
  TopicReply(TopicReply&& other) noexcept : function_(std::exchange(other.function_, nullptr)) {}
  TopicReply& operator=(TopicReply&& other) noexcept {
    if (this == &other) return *this;
    end();
    function_ = std::exchange(other.function_, nullptr);
    return *this;
  }
  ~TopicReply() { end(); }

  void send(Result<T> result) {
    if (const Function function = std::exchange(function_, nullptr)) function(std::move(result));
  }

 private:
  void end() { send(Error{ErrorCode::not_owner, "the queue has ended here"}); }

  Function function_{};
};

/// Where a batch is durable.
struct TopicAppended {
  std::int64_t base_offset = -1;  ///< -1: of a duplicate, and nobody knows any more
  std::int64_t start = 0;         ///< Topic::start
  bool is_duplicate = false;
};
struct AppendCommand {
  TopicOffer offer{};
  TopicReply<TopicAppended> reply{};  ///< when durable; fails as decide() of a TopicOffer
};

struct MakeTopicCommand {
  std::string name{};
  pb::TopicOptions options{};
  bool updates = false;      ///< a topic that is there gets these options
  TopicReply<void> reply{};  ///< when durable; fails as decide_topic()
};
/// From now on nobody finds the topic; it is gone when the batches that are on their way to it have come.
struct RemoveTopicCommand {
  std::string name{};
  TopicReply<void> reply{};  ///< when durable; fails as decide_topic_removal()
};

struct JoinGroupCommand {
  std::string topic{};
  std::string group{};
  bool permanent = false;
  TopicReply<void> reply{};  ///< when durable; fails as decide_subscription()
};
struct LeaveGroupCommand {
  std::string topic{};
  std::string group{};
  TopicReply<void> reply{};  ///< when durable; fails as decide_unsubscription()
};
struct CommitOffsetCommand {
  std::string topic{};
  std::string group{};
  std::int64_t offset = 0;
  std::string metadata{};
  TopicReply<void> reply{};  ///< when durable; fails as decide_commit()
};

/// One message of a topic with its body.
struct TopicPiece {
  TopicBatch batch{};
  Body body{};
};
struct TopicRead {
  std::vector<TopicPiece> pieces{};  ///< in order; the first one has the offset, or follows it
  bool has_larger = false;  ///< `pieces` is empty because the next one is larger than bytes_max
  std::int64_t start = 0;   ///< Topic::start
  std::int64_t next = 0;    ///< Topic::next
};
struct ReadTopicCommand {
  std::string topic{};
  std::int64_t offset = 0;
  std::size_t bytes_max = 0;  ///< of payloads and keys together
  bool takes_larger = false;  ///< the first piece comes also if it alone is larger
  /// Fails with `not_found`, `not_owner`, or `expired`: the offset is below Topic::start or above Topic::next.
  TopicReply<TopicRead> reply{};
};

/// Calls `notify` once, as soon as the topic has a record at `offset` or behind it, or reading would fail.
struct TopicWatch {
  std::string topic{};
  std::int64_t offset = 0;
  std::function<void()> notify{};  ///< on the queue's thread; must not block or throw
  std::atomic<bool> is_cancelled = false;
};
struct WatchTopicCommand {
  std::shared_ptr<TopicWatch> watch{};
};

/// Finds the first batch with a record that has this timestamp, or a later one.
struct FindTimeCommand {
  std::string topic{};
  std::int64_t timestamp_ms = 0;
  TopicReply<std::optional<TopicBatch>> reply{};  ///< fails with `not_found`, `not_owner`
};

struct TopicInfo {
  struct Group {
    std::string name{};
    TopicGroup state{};
  };

  std::string name{};
  pb::TopicOptions options{};
  std::int64_t start = 0;
  std::int64_t next = 0;
  std::uint64_t bytes = 0;
  std::vector<Group> groups{};
};
struct DescribeTopicsCommand {
  std::optional<std::string> topic{};  ///< only this one; nullopt: all
  std::optional<std::string> group{};  ///< only this group; nullopt: all
  bool names_only = false;  ///< of groups nothing but their names, and whether they are permanent
  TopicReply<std::vector<TopicInfo>> reply{};  ///< fails with `not_owner`
};

using TopicCommand =
    std::variant<AppendCommand, MakeTopicCommand, RemoveTopicCommand, JoinGroupCommand,
                 LeaveGroupCommand, CommitOffsetCommand, ReadTopicCommand, WatchTopicCommand,
                 FindTimeCommand, DescribeTopicsCommand>;

struct TopicMessage {
  std::shared_ptr<TopicCommand> command;
};

}  // namespace millrace::queues
