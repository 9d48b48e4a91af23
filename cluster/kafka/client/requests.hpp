// Requests of a Kafka client: each is written, sent and its answer read. One version of each, which brokers
// have known since release 1.0.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cluster/kafka/client/kafka_connection.hpp"
#include "cluster/kafka/protocol/code.hpp"
#include "messages/result.hpp"

namespace millrace::kafka {

/// What a broker's code stands for: the reverse of code_of(). `what` begins the text.
/// REQUIRES: `code` is not `none`.
[[nodiscard]] Error error_of(Code code, const std::string& what);

// All fail with `unreachable`, `protocol`, and as error_of().

/// SASL/PLAIN with this password.
[[nodiscard]] Result<void> authenticate(KafkaConnection& connection, const std::string& password);

struct TopicMap {
  struct Node {
    std::int32_t id = 0;
    std::string host{};
    std::uint16_t port = 0;
  };
  std::vector<Node> brokers{};
  std::vector<std::int32_t> leaders{};  ///< by partition; -1: none is known
};
/// Partitions of a topic, and where they are. Makes the topic where the brokers do so by themselves.
[[nodiscard]] Result<TopicMap> ask_topic(KafkaConnection& connection, const std::string& topic);

struct ProducerNumbers {
  std::int64_t id = -1;
  std::int16_t epoch = -1;
};
[[nodiscard]] Result<ProducerNumbers> ask_producer(KafkaConnection& connection);

/// A record batch for a partition.
struct BatchFor {
  std::int32_t partition = 0;
  std::string batch{};
};
/// Sends batches of different partitions that this broker leads, to be confirmed when they are as durable as the
/// broker promises (acks=all).
[[nodiscard]] Result<void> send_produce(KafkaConnection& connection, const std::string& topic,
                                        const std::vector<BatchFor>& batches);
/// By partition, the answer to send_produce().
[[nodiscard]] Result<std::vector<std::pair<std::int32_t, Code>>> receive_produce(
    KafkaConnection& connection);

struct FetchPosition {
  std::int32_t partition = 0;
  std::int64_t offset = 0;
};
struct FetchedBatches {
  std::int32_t partition = 0;
  Code code = Code::none;
  std::string batches{};  ///< the last one may be cut off
};
/// Records behind these positions; waits up to `wait_ms` for the first. About `bytes_max` in all.
[[nodiscard]] Result<std::vector<FetchedBatches>> ask_records(
    KafkaConnection& connection, const std::string& topic,
    const std::vector<FetchPosition>& positions, std::int32_t wait_ms, std::int32_t bytes_max);

/// The first offset of a partition, or that of its next record.
[[nodiscard]] Result<std::int64_t> ask_offset(KafkaConnection& connection, const std::string& topic,
                                              std::int32_t partition, bool is_latest);

/// Host and port of the broker that coordinates a group.
[[nodiscard]] Result<TopicMap::Node> ask_coordinator(KafkaConnection& connection,
                                                     const std::string& group);

/// What a group has committed of a partition; -1: nothing.
[[nodiscard]] Result<std::int64_t> ask_committed(KafkaConnection& connection,
                                                 const std::string& group, const std::string& topic,
                                                 std::int32_t partition);

/// Commits for a group that has no members.
[[nodiscard]] Result<void> commit_offsets(KafkaConnection& connection, const std::string& group,
                                          const std::string& topic,
                                          const std::vector<FetchPosition>& positions);

}  // namespace millrace::kafka
