// TopicCalls: makes topics, groups and commits at the nodes that serve their shards: at this one directly, at each
// other one by one call for all of its shards.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "actors/assembly/topic_queues.hpp"
#include "cluster/calls/peer_calls.hpp"
#include "messages/result.hpp"
#include "messages/topic.pb.h"

namespace millrace::kafka {

/// Returns the name of the node that owns a shard of a queue; empty: nobody knows.
using OwnerOf = std::function<std::string(const std::string& queue, std::uint32_t shard)>;

/// Thread-safe. All arguments outlive it.
class TopicCalls {
 public:
  using Results = std::vector<Result<pb::TopicCallAnswer>>;

  /// `self`: name of this node. Answers the calls of other nodes from now on.
  TopicCalls(std::string self, TopicQueues queues, calls::PeerCalls& peers, OwnerOf owner);

  /// `done` is called once, on any thread, with what the queues answer to `calls`, in their order. Where a node cannot be
  /// asked: `unreachable` (also when nobody knows the owner, or the node has no door for Kafka's clients), `timeout`,
  /// and the other errors of PeerCalls::call() but `not_found`, which only a queue says.
  void call(const std::vector<pb::TopicCall>& calls, std::function<void(Results)> done);

 private:
  const std::string self_;
  const TopicQueues queues_;
  calls::PeerCalls& peers_;
  const OwnerOf owner_;
};

}  // namespace millrace::kafka
