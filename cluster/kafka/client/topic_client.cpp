#include "cluster/kafka/client/topic_client.hpp"

#include <algorithm>

namespace millrace::kafka {

Result<TopicClient> TopicClient::open(const std::string& host, std::uint16_t port,
                                      const std::string& topic, ClientOptions options) {
  TopicClient client({.id = -1, .host = host, .port = port}, topic, std::move(options));
  if (auto asked = client.refresh(); !asked) return asked.error();
  return client;
}

Result<void> TopicClient::refresh() {
  connections_.clear();
  coordinators_.clear();
  std::vector<TopicMap::Node> asked{first_};
  asked.insert(asked.end(), map_.brokers.begin(), map_.brokers.end());
  std::optional<Error> failure;
  for (const TopicMap::Node& node : asked) {
    auto connection = KafkaConnection::open(node.host, node.port, options_);
    if (!connection) {
      if (!failure) failure = connection.error();
      continue;
    }
    auto map = ask_topic(*connection, topic_);
    if (map) {
      map_ = std::move(*map);
      return {};
    }
    if (!failure) failure = map.error();
  }
  return std::move(*failure);
}

Result<KafkaConnection*> TopicClient::to(std::int32_t broker) {
  const auto known = connections_.find(broker);
  if (known != connections_.end()) return &known->second;
  const auto node = std::find_if(map_.brokers.begin(), map_.brokers.end(),
                                 [&](const TopicMap::Node& each) { return each.id == broker; });
  if (node == map_.brokers.end()) {
    return Error{ErrorCode::unreachable, "no broker leads a partition of topic " + topic_};
  }
  auto connection = KafkaConnection::open(node->host, node->port, options_);
  if (!connection) return connection.error();
  return &connections_.insert_or_assign(broker, std::move(*connection)).first->second;
}

Result<KafkaConnection*> TopicClient::to_coordinator(const std::string& group) {
  const auto known = coordinators_.find(group);
  if (known != coordinators_.end()) return to(known->second);
  if (map_.brokers.empty()) return Error{ErrorCode::unreachable, "no broker is known"};
  const auto any = to(map_.brokers.front().id);
  if (!any) return any.error();
  const auto node = ask_coordinator(**any, group);
  if (!node) return node.error();
  coordinators_[group] = node->id;
  return to(node->id);
}

}  // namespace millrace::kafka
