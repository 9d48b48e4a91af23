// KafkaDoor: a node's topics for clients of Kafka, made from its configuration.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <set>
#include <span>
#include <string>

#include "actors/runtime/runtime.hpp"
#include "actors/stage/pipeline_spec.hpp"
#include "cluster/calls/peer_calls.hpp"
#include "cluster/config/config.hpp"
#include "cluster/http/topics_api.hpp"
#include "cluster/kafka/broker/topic_calls.hpp"
#include "messages/result.hpp"

namespace millrace::cluster {

/// The queues that keep topics, by the configuration and what the pipelines name: empty without kafka.listen.
[[nodiscard]] std::set<std::string> topic_queues(const config::Config& config,
                                                 std::span<const PipelineSpec> pipelines);

/// Thread-safe.
class KafkaDoor {
 public:
  /// All of it outlives the door.
  struct Surroundings {
    Runtime* runtime = nullptr;
    calls::PeerCalls* peers = nullptr;
    kafka::OwnerOf owner{};
    std::uint64_t incarnation = 0;
  };

  /// Listens and serves. REQUIRES: config.kafka.listen is set. Fails with `unreachable` (the address cannot be taken),
  /// or where the token or the certificate cannot be read.
  [[nodiscard]] static Result<std::unique_ptr<KafkaDoor>> open(
      const config::Config& config, std::span<const PipelineSpec> pipelines,
      const Surroundings& surroundings);
  ~KafkaDoor();
  KafkaDoor(const KafkaDoor&) = delete;
  KafkaDoor& operator=(const KafkaDoor&) = delete;

  /// "host:port" that clients are told.
  [[nodiscard]] const std::string& address() const;

  /// Topics and groups for operators, good also after stop().
  [[nodiscard]] std::shared_ptr<http::TopicsApi> levers() const;

  /// Takes no more, and waits up to `grace` for what is in progress. A second call does nothing.
  void stop(std::chrono::milliseconds grace);

 private:
  class Parts;
  explicit KafkaDoor(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace millrace::cluster
