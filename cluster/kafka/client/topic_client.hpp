// TopicClient: one topic of a Kafka cluster, with a connection to each broker that leads some of its partitions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cluster/kafka/client/kafka_connection.hpp"
#include "cluster/kafka/client/requests.hpp"
#include "messages/result.hpp"

namespace millrace::kafka {

/// For one thread. Blocks.
class TopicClient {
 public:
  /// Asks the broker at this address for the topic. Fails as KafkaConnection::open() and ask_topic().
  [[nodiscard]] static Result<TopicClient> open(const std::string& host, std::uint16_t port,
                                                const std::string& topic, ClientOptions options);

  [[nodiscard]] const std::string& topic() const { return topic_; }
  [[nodiscard]] std::size_t partitions() const { return map_.leaders.size(); }

  /// Looks for the leaders and coordinators again, and drops all connections. The first broker that answers counts.
  [[nodiscard]] Result<void> refresh();

  /// The id of the broker that leads the partition; -1: none is known. REQUIRES: partition < partitions().
  [[nodiscard]] std::int32_t leader(std::int32_t partition) const {
    return map_.leaders[static_cast<std::size_t>(partition)];
  }
  /// A connection to a broker, good until the next refresh(). Fails as KafkaConnection::open().
  [[nodiscard]] Result<KafkaConnection*> to(std::int32_t broker);
  /// A connection to the broker that coordinates the group, as to().
  [[nodiscard]] Result<KafkaConnection*> to_coordinator(const std::string& group);

 private:
  TopicClient(TopicMap::Node first, std::string topic, ClientOptions options)
      : first_(std::move(first)), topic_(std::move(topic)), options_(std::move(options)) {}

  TopicMap::Node first_;  ///< as it was given; its id counts for nothing
  std::string topic_;
  ClientOptions options_;
  TopicMap map_{};
  std::map<std::int32_t, KafkaConnection> connections_{};  ///< by the broker's id
  std::map<std::string, std::int32_t> coordinators_{};     ///< ids of brokers, by group
};

}  // namespace millrace::kafka
