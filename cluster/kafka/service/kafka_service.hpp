// KafkaService: a node's topics and groups on a socket, for clients of Kafka.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

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

/// Members of a group are held back until the last owner of this is gone. Any thread.
using GroupHold = std::shared_ptr<const void>;

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

  // For operators, from any thread. `done` is called in the loop: must not block; not at all if the service stops before.

  /// As DescribeGroups, of groups that this node coordinates; of others only DescribedGroup::code, which is not `none`.
  void describe_groups(std::vector<std::string> names,
                       std::function<void(const std::vector<DescribedGroup>&)> done);
  /// As GroupHandler::hold().
  void hold_group(const std::string& group, bool is_forced,
                  std::function<void(const Result<GroupHold>&)> done);

  /// Accepts no more, answers what waits for records or for members, and waits up to `grace` for what the
  /// node has in progress; then closes all connections. A second call does nothing.
  void stop(std::chrono::milliseconds grace);

 private:
  class Parts;
  explicit KafkaService(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace millrace::kafka
