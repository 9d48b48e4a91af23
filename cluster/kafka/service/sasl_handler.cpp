#include "cluster/kafka/service/sasl_handler.hpp"

namespace millrace::kafka {

void SaslHandler::handshake(const std::shared_ptr<Exchange>& exchange,
                            const SaslHandshakeRequest& request) {
  Session& session = exchange->session();
  Code code = Code::none;
  if (!authenticate_ || session.sasl != Session::Sasl::none) {
    code = Code::illegal_sasl_state;
  } else if (request.mechanism != plain_mechanism) {
    code = Code::unsupported_sasl_mechanism;
  } else {
    session.sasl =
        exchange->header().version == 0 ? Session::Sasl::by_frames : Session::Sasl::by_requests;
  }
  Writer writer = exchange->begin();
  write_sasl_handshake(writer, exchange->header().version, code);
  exchange->answer(writer);
}

bool SaslHandler::admit(Session& session, std::string_view bytes) const {
  const auto credentials = parse_plain(bytes);
  if (credentials && authenticate_(credentials->user, credentials->password)) {
    session.sasl = Session::Sasl::is_authentic;
    session.user = credentials->user;
    return true;
  }
  session.closes = true;
  return false;
}

void SaslHandler::authenticate(const std::shared_ptr<Exchange>& exchange,
                               const SaslAuthenticateRequest& request) {
  SaslAuthenticateAnswer answer;
  Session& session = exchange->session();
  if (session.sasl != Session::Sasl::by_requests) {
    answer = {Code::illegal_sasl_state, "expected a handshake of version 1 before"};
  } else if (!admit(session, request.bytes)) {
    answer = {Code::sasl_authentication_failed, "unknown user, or another password"};
  }
  Writer writer = exchange->begin();
  write_sasl_authenticate(writer, exchange->header().version, answer);
  exchange->answer(writer);
}

void SaslHandler::authenticate_raw(const std::shared_ptr<Exchange>& exchange) {
  // There is no answer for a refusal but the end of the connection.
  if (!admit(exchange->session(), exchange->body())) {
    return exchange->fail("the client did not prove who it is");
  }
  exchange->answer_raw({});
}

}  // namespace millrace::kafka
