// TopicLevers: what operators see of topics and groups, and do with groups. What concerns the members of a group is
// asked of the node that coordinates it.
//
//   HTTP ──▶ TopicLevers ══ GroupCall ══▶ TopicLevers of the coordinator ──▶ KafkaService, QueueBroker
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "cluster/calls/peer_calls.hpp"
#include "cluster/http/topics_api.hpp"
#include "cluster/kafka/broker/queue_broker.hpp"
#include "cluster/kafka/service/kafka_service.hpp"
#include "messages/topic.pb.h"

namespace millrace::cluster {

class TopicLevers final : public http::TopicsApi, public std::enable_shared_from_this<TopicLevers> {
 public:
  /// All of it outlives close().
  TopicLevers(kafka::QueueBroker& broker, kafka::KafkaService& service, calls::PeerCalls& peers)
      : broker_(&broker), service_(&service), peers_(peers) {}

  /// Answers the calls of other nodes from now on.
  void open();
  /// From now on everything fails with `draining`.
  void close();

  Result<http::TopicsView> topics(const std::optional<std::string>& topic) override;
  Result<http::GroupsView> groups(const std::optional<std::string>& group) override;
  Result<std::vector<http::OffsetMove>> reset(const http::OffsetReset& reset) override;
  Result<void> remove_group(const std::string& group, bool is_forced) override;

 private:
  using Survey = kafka::QueueBroker::Survey;
  using Answer = calls::PeerCalls::Answer;

  [[nodiscard]] Result<Survey> survey(const std::optional<std::string>& topic,
                                      const std::optional<std::string>& group);
  [[nodiscard]] Result<std::vector<http::OffsetMove>> moves_of(const http::OffsetReset& reset);
  [[nodiscard]] Result<std::int64_t> offset_at(const std::string& topic, std::uint32_t partition,
                                               std::int64_t time_ms, std::int64_t next);
  void describe_members(std::vector<http::GroupView>& groups);
  /// Asks the coordinator of `group`.
  [[nodiscard]] Result<pb::GroupCallAnswer> call(const std::string& group,
                                                 const pb::GroupCall& request);
  [[nodiscard]] Result<std::string> coordinator_of(const std::string& group);

  // For other nodes, and this one. In the thread of the caller; must not block.
  void serve(const std::string& request, const Answer& answer);
  void serve_describe(const pb::GroupCall::Names& names, const Answer& answer);
  void serve_reset(const pb::GroupCall::Reset& reset, const Answer& answer);
  void serve_remove(const pb::GroupCall::Remove& remove, const Answer& answer);
  /// Calls `act` while requests of the group's members are held back; it calls what it is given when it is done.
  void hold(const std::string& group, bool is_forced, const Answer& answer,
            std::function<void(kafka::QueueBroker&, std::function<void(Result<void>)>)> act);

  std::mutex mutex_;              ///< guards the next two
  kafka::QueueBroker* broker_;    ///< null: closed
  kafka::KafkaService* service_;  ///< as broker_
  calls::PeerCalls& peers_;
};

}  // namespace millrace::cluster
