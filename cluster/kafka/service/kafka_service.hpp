// KafkaService: a node's topics and groups on a socket, for clients of Kafka.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "cluster/kafka/broker_api.hpp"
#include "cluster/kafka/group/group_core.hpp"
#include "cluster/kafka/server/server_options.hpp"
#include "cluster/kafka/service/handler_context.hpp"
#include "messages/result.hpp"

namespace millrace::kafka {

struct KafkaServiceOptions {
  ServerOptions server{};
  GroupLimits groups{};
  /// Who may use the service; null: everybody who reaches it. Also sets ServerOptions::must_authenticate.
  Authenticate authenticate{};
  /// Of the compressed batches of one request, when they are unpacked.
  std::uint64_t unpacked_bytes_max = 32u << 20;
  /// Of records in one answer, whatever the client asks for; one larger record passes.
  std::uint64_t fetch_bytes_max = 4u << 20;
};

/// One thread serves all connections. Nothing is kept here that must last: groups find their members again
/// after a restart.
class KafkaService {
 public:
  /// Listens, and serves from start_serving() on, so that the node can learn the port before. `api`
  /// outlives it. Fails as listen(), and with `invalid_argument` for bounds that contradict each other.
  [[nodiscard]] static Result<std::unique_ptr<KafkaService>> listen_on(KafkaServiceOptions options,
                                                                       BrokerApi& api);
  /// As stop() without grace.
  ~KafkaService();
  KafkaService(const KafkaService&) = delete;
  KafkaService& operator=(const KafkaService&) = delete;

  void start_serving();

  /// The host as it was given, and the port that was taken.
  [[nodiscard]] const std::string& host() const;
  [[nodiscard]] std::uint16_t port() const;

  /// Accepts no more, answers what waits for records or for members, and waits up to `grace` for what the
  /// node has in progress; then closes all connections. A second call does nothing.
  void stop(std::chrono::milliseconds grace);

 private:
  class Parts;
  explicit KafkaService(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace millrace::kafka
