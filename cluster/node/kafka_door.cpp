#include "cluster/node/kafka_door.hpp"

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <span>
#include <thread>
#include <utility>
#include <vector>

#include <openssl/crypto.h>
#include <spdlog/spdlog.h>

#include "actors/assembly/topic_queues.hpp"
#include "cluster/config/address.hpp"
#include "cluster/config/file/load.hpp"
#include "cluster/kafka/broker/queue_broker.hpp"
#include "cluster/kafka/service/kafka_service.hpp"
#include "cluster/node/topic_levers.hpp"
#include "messages/hash.hpp"

namespace millrace::cluster {
namespace {

/// The service by which nodes tell each other where their clients reach them.
constexpr const char* address_service = "kafka.address";
constexpr std::chrono::seconds ask_timeout{2};
constexpr std::chrono::seconds ask_interval{1};

using SteadyTime = std::chrono::steady_clock::time_point;

/// Where clients reach the nodes, as these have said.
class Addresses {
 public:
  Addresses(std::string self, calls::PeerCalls& peers) : self_(std::move(self)), peers_(peers) {}

  void set_own(std::string host, std::uint16_t port) {
    const std::lock_guard lock(mutex_);
    known_[self_] = {self_, std::move(host), port};
  }

  /// Also asks again, if the last time is long ago. The names are those of all nodes that ever said so.
  std::vector<kafka::QueueBroker::NodeAddress> get(const std::shared_ptr<Addresses>& self,
                                                   const std::vector<std::string>& nodes,
                                                   SteadyTime now) {
    std::vector<std::string> asked;
    std::vector<kafka::QueueBroker::NodeAddress> addresses;
    {
      const std::lock_guard lock(mutex_);
      for (const std::string& node : nodes) {
        const auto found = known_.find(node);
        addresses.push_back(found == known_.end() ? kafka::QueueBroker::NodeAddress{.node = node}
                                                  : found->second);
      }
      if (!asked_at_ || now - *asked_at_ >= ask_interval) {
        asked_at_ = now;
        asked = peers_.peers_up();
      }
    }
    for (const std::string& peer : asked) {
      peers_.call(peer, address_service, "", ask_timeout,
                  [self, peer](const Result<std::string>& answer) {
                    if (!answer) return;
                    const auto address = config::parse_address(*answer);
                    const std::lock_guard lock(self->mutex_);
                    if (address) {
                      self->known_[peer] = {peer, address->host, address->port};
                    } else {
                      self->known_.erase(peer);
                    }
                  });
    }
    return addresses;
  }

 private:
  const std::string self_;
  calls::PeerCalls& peers_;
  std::mutex mutex_;
  std::map<std::string, kafka::QueueBroker::NodeAddress> known_{};
  std::optional<SteadyTime> asked_at_{};
};

/// Compares in a time that does not tell how much is right.
kafka::Authenticate password_check(std::string token) {
  return [token = std::move(token)](std::string_view, std::string_view password) {
    return password.size() == token.size() &&
           CRYPTO_memcmp(password.data(), token.data(), token.size()) == 0;
  };
}

Result<kafka::KafkaServiceOptions> service_options(const config::KafkaConfig& config) {
  kafka::KafkaServiceOptions options;
  options.server.address = config.listen;
  options.server.connections_max = config.connections_max;
  options.server.is_loopback_only = config.token_file.empty() || config.certificate.empty();
  if (!config.certificate.empty()) options.server.tls = {config.certificate, config.key};
  if (!config.token_file.empty()) {
    auto token = config::read_token(config.token_file);
    if (!token) return token.error();
    options.authenticate = password_check(std::move(*token));
  }
  return options;
}

std::vector<std::string> node_names(const config::Config& config) {
  std::vector<std::string> names{config.node.name};
  for (const config::MemberConfig& member : config.cluster.nodes) {
    if (member.name != config.node.name) names.push_back(member.name);
  }
  return names;
}

/// Queues that stages write to, and their types.
std::map<std::string, std::string> written_queues(std::span<const PipelineSpec> pipelines) {
  std::map<std::string, std::string> types;
  for (const PipelineSpec& pipeline : pipelines) {
    for (const StageSpec& stage : pipeline.stages) {
      for (const QueueSpec& target : stage.targets) types.emplace(target.name, target.type);
    }
  }
  return types;
}

kafka::QueueBroker::Options broker_options(const config::Config& config,
                                           std::span<const PipelineSpec> pipelines,
                                           const KafkaDoor::Surroundings& surroundings) {
  kafka::QueueBroker::Options options;
  options.cluster = config.cluster.name;
  options.self = config.node.name;
  options.shards = config.cluster.shards;
  options.owner = surroundings.owner;
  options.auto_create = config.kafka.auto_create;
  options.retention_us = config.kafka.retention.count();
  options.seed = hash_key(config.node.name) ^ (surroundings.incarnation * 0x9e3779b97f4a7c15u);
  options.now = [] {
    return std::chrono::steady_clock::now();
  };
  const auto written = written_queues(pipelines);
  for (const config::KafkaTopicConfig& topic : config.kafka.topics) {
    kafka::QueueBroker::Configured& configured = options.topics[topic.name];
    if (topic.retention) configured.options.set_retention_us(topic.retention->count());
    configured.groups = topic.groups;
    const auto queue = written.find(topic.name);
    if (queue != written.end()) options.queues.insert(*queue);
  }
  return options;
}

}  // namespace

std::set<std::string> topic_queues(const config::Config& config,
                                   std::span<const PipelineSpec> pipelines) {
  std::set<std::string> queues;
  if (config.kafka.listen.empty()) return queues;
  queues.insert(kafka::topic_store);
  std::set<std::string> named;
  for (const auto& [queue, type] : written_queues(pipelines)) named.insert(queue);
  for (const PipelineSpec& pipeline : pipelines) {
    for (const StageSpec& stage : pipeline.stages) named.insert(stage.source.name);
  }
  for (const config::KafkaTopicConfig& topic : config.kafka.topics) {
    if (named.contains(topic.name)) queues.insert(topic.name);
  }
  return queues;
}

/// Calls settle() once a second until it succeeds: other nodes may not be there yet.
class Settling {
 public:
  explicit Settling(kafka::QueueBroker& broker) : broker_(broker), thread_([this] { run(); }) {}
  ~Settling() { stop(); }
  Settling(const Settling&) = delete;
  Settling& operator=(const Settling&) = delete;

  void stop() {
    {
      const std::lock_guard lock(mutex_);
      is_stopping_ = true;
    }
    stopped_.notify_all();
    if (thread_.joinable()) thread_.join();
  }

 private:
  void run() {
    std::unique_lock lock(mutex_);
    while (!is_stopping_ && !broker_.settle()) stopped_.wait_for(lock, ask_interval);
  }

  kafka::QueueBroker& broker_;
  std::mutex mutex_;
  std::condition_variable stopped_;
  bool is_stopping_ = false;
  std::thread thread_;
};

class KafkaDoor::Parts {
 public:
  Parts(std::shared_ptr<Addresses> found, kafka::QueueBroker::Options options, TopicQueues queues,
        calls::PeerCalls& peers)
      : addresses(std::move(found)), broker(std::move(options), queues, peers), settling(broker) {}

  const std::shared_ptr<Addresses> addresses;
  kafka::QueueBroker broker;
  Settling settling;
  std::unique_ptr<kafka::KafkaService> service;
  std::shared_ptr<TopicLevers> levers;
  std::string address;
};

Result<std::unique_ptr<KafkaDoor>> KafkaDoor::open(const config::Config& config,
                                                   std::span<const PipelineSpec> pipelines,
                                                   const Surroundings& surroundings) {
  auto wanted = service_options(config.kafka);
  if (!wanted) return wanted.error();
  const TopicQueues queues = surroundings.runtime->topics();
  calls::PeerCalls& peers = *surroundings.peers;
  auto addresses = std::make_shared<Addresses>(config.node.name, peers);
  kafka::QueueBroker::Options options = broker_options(config, pipelines, surroundings);
  options.nodes = [addresses, names = node_names(config)] {
    return addresses->get(addresses, names, std::chrono::steady_clock::now());
  };
  auto parts = std::make_unique<Parts>(addresses, std::move(options), queues, peers);
  auto service = kafka::KafkaService::listen_on(std::move(*wanted), parts->broker);
  if (!service) return service.error();
  parts->service = std::move(*service);
  parts->levers = std::make_shared<TopicLevers>(parts->broker, *parts->service, peers);
  parts->levers->open();
  const auto told = config::parse_address(config.kafka.advertise.empty() ? config.kafka.listen
                                                                         : config.kafka.advertise);
  const bool keeps_port = told && told->port != 0 && !config.kafka.advertise.empty();
  const std::string host = told ? told->host : parts->service->host();
  const std::uint16_t port = keeps_port ? told->port : parts->service->port();
  addresses->set_own(host, port);
  parts->address = host + ":" + std::to_string(port);
  peers.serve(address_service, [address = parts->address](const std::string&, const std::string&,
                                                          const calls::PeerCalls::Answer& answer) {
    answer(address);
  });
  parts->service->start_serving();
  spdlog::info("Kafka clients at {}", parts->address);
  return std::unique_ptr<KafkaDoor>(new KafkaDoor(std::move(parts)));
}

KafkaDoor::KafkaDoor(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

KafkaDoor::~KafkaDoor() {
  stop(std::chrono::milliseconds(0));
}

const std::string& KafkaDoor::address() const {
  return parts_->address;
}

std::shared_ptr<http::TopicsApi> KafkaDoor::levers() const {
  return parts_->levers;
}

void KafkaDoor::stop(std::chrono::milliseconds grace) {
  if (!parts_) return;
  parts_->levers->close();
  parts_->settling.stop();
  parts_->service->stop(grace);
}

}  // namespace millrace::cluster
