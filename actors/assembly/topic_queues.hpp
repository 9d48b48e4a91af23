// TopicQueues: the queues of this node that keep topics, for those who serve them to clients.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "actors/queue/shell/topic_messages.hpp"

namespace millrace {

class NodeActors;

/// A handle; as valid as the runtime that it came from. Thread-safe. No function blocks.
class TopicQueues {
 public:
  /// `serves` is false while the node does not serve any queue.
  TopicQueues(const NodeActors& actors, const std::atomic<bool>& serves)
      : actors_(actors), serves_(serves) {}

  /// Passes a command on to the queue. Where this node does not serve that shard of the queue, the command's reply gets
  /// `not_owner`, and a watch is told at once.
  void tell(const std::string& queue, std::uint32_t shard, queues::TopicCommand command) const;

  /// Whether this node serves the shard of the queue now.
  [[nodiscard]] bool serves(const std::string& queue, std::uint32_t shard) const;

 private:
  const NodeActors& actors_;
  const std::atomic<bool>& serves_;
};

}  // namespace millrace
