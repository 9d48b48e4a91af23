// SaslHandler: lets clients prove who they are, by user and password.
#pragma once

#include <memory>
#include <utility>

#include "cluster/kafka/protocol/sasl.hpp"
#include "cluster/kafka/service/handler_context.hpp"

namespace millrace::kafka {

class SaslHandler {
 public:
  /// `authenticate` is null where nobody has to prove anything.
  explicit SaslHandler(Authenticate authenticate) : authenticate_(std::move(authenticate)) {}

  void handshake(const std::shared_ptr<Exchange>& exchange, const SaslHandshakeRequest& request);
  void authenticate(const std::shared_ptr<Exchange>& exchange,
                    const SaslAuthenticateRequest& request);
  /// The bytes of the mechanism in a frame of their own.
  void authenticate_raw(const std::shared_ptr<Exchange>& exchange);

 private:
  [[nodiscard]] bool admit(Session& session, std::string_view bytes) const;

  const Authenticate authenticate_;
};

}  // namespace millrace::kafka
