#include "cluster/kafka/protocol/sasl.hpp"

#include "cluster/kafka/protocol/fields.hpp"

namespace millrace::kafka {

SaslHandshakeRequest read_sasl_handshake(Reader& reader, std::int16_t /*version*/) {
  return {.mechanism = reader.string("mechanism")};
}

void write_sasl_handshake(Writer& writer, std::int16_t /*version*/, Code code) {
  writer.int16(static_cast<std::int16_t>(code));
  writer.array(1);
  writer.string(plain_mechanism);
}

SaslAuthenticateRequest read_sasl_authenticate(Reader& reader, std::int16_t /*version*/) {
  return {.bytes = reader.bytes("auth bytes")};
}

void write_sasl_authenticate(Writer& writer, std::int16_t version,
                             const SaslAuthenticateAnswer& answer) {
  writer.int16(static_cast<std::int16_t>(answer.code));
  writer.nullable_string(answer.message);
  writer.bytes({});
  if (version >= 1) writer.int64(0);  // the session does not end by itself
}

std::optional<PlainCredentials> parse_plain(std::string_view bytes) {
  const std::size_t user_at = bytes.find('\0');
  if (user_at == std::string_view::npos) return std::nullopt;
  const std::size_t password_at = bytes.find('\0', user_at + 1);
  if (password_at == std::string_view::npos) return std::nullopt;
  const std::string_view identity = bytes.substr(0, user_at);
  const PlainCredentials found{.user = bytes.substr(user_at + 1, password_at - user_at - 1),
                               .password = bytes.substr(password_at + 1)};
  if (found.user.empty() || found.password.empty() ||
      found.password.find('\0') != std::string_view::npos) {
    return std::nullopt;
  }
  if (!identity.empty() && identity != found.user) return std::nullopt;
  return found;
}

}  // namespace millrace::kafka
