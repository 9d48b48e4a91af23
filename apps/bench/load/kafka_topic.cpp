#include "apps/bench/load/kafka_topic.hpp"

#include "cluster/config/address.hpp"

namespace millrace::bench {

Result<kafka::TopicClient> open_topic(const LoadTarget& target) {
  const auto address = config::parse_address(target.kafka);
  if (!address || address->port == 0) {
    return Error{ErrorCode::invalid_argument, "--kafka: expected host:port, got " + target.kafka};
  }
  return kafka::TopicClient::open(
      address->host, address->port, target.name,
      {.client_id = "millrace-bench", .token = target.token, .ca_file = target.ca_file});
}

}  // namespace millrace::bench
