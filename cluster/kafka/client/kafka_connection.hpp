// KafkaConnection: frames to and from one Kafka broker, over one connection.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "cluster/kafka/protocol/api.hpp"
#include "messages/result.hpp"

namespace millrace::kafka {

/// How a client reaches brokers.
struct ClientOptions {
  std::string client_id{};
  std::string token{};    ///< the password of SASL/PLAIN; empty: the client does not authenticate
  std::string ca_file{};  ///< certificate of the broker's authority, PEM; empty: no TLS
  std::chrono::milliseconds timeout{30'000};  ///< of sending a request, and of each answer
};

/// For one thread. Blocks. After a failure the connection is of no more use.
class KafkaConnection {
 public:
  static constexpr std::chrono::seconds connect_timeout{5};
  static constexpr std::uint32_t answer_bytes_max = 64u << 20;

  /// Connects, and authenticates where a token is given. `host` without brackets. Fails with `unreachable`,
  /// `invalid_argument` (the file of the authority), `unauthenticated`.
  [[nodiscard]] static Result<KafkaConnection> open(const std::string& host, std::uint16_t port,
                                                    const ClientOptions& options);

  ~KafkaConnection();
  KafkaConnection(KafkaConnection&&) noexcept;
  KafkaConnection& operator=(KafkaConnection&&) noexcept;

  /// Sends a request with this body, in the plain encoding. Fails with `unreachable`.
  [[nodiscard]] Result<void> send(ApiKey key, std::int16_t version, std::string_view body);
  /// The body of the answer to the oldest request without one. Fails with `unreachable`, `protocol`.
  /// REQUIRES: there is such a request, and the broker answers it.
  [[nodiscard]] Result<std::string> receive();
  /// send() and receive().
  [[nodiscard]] Result<std::string> ask(ApiKey key, std::int16_t version, std::string_view body);

 private:
  class Link;
  explicit KafkaConnection(std::unique_ptr<Link> link);
  std::unique_ptr<Link> link_;
};

}  // namespace millrace::kafka
