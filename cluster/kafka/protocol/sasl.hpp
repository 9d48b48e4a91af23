// SaslHandshake and SaslAuthenticate: how a client proves who it is.
//
// After a handshake of version 0 the next frame holds the bytes of the mechanism alone, and so does its
// answer; after version 1 they come in SaslAuthenticate.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "cluster/kafka/protocol/code.hpp"
#include "cluster/kafka/wire/reader.hpp"
#include "cluster/kafka/wire/writer.hpp"

namespace millrace::kafka {

/// The only mechanism that is offered (RFC 4616).
inline constexpr std::string_view plain_mechanism = "PLAIN";

struct SaslHandshakeRequest {
  std::string_view mechanism{};
};
[[nodiscard]] SaslHandshakeRequest read_sasl_handshake(Reader& reader, std::int16_t version);
void write_sasl_handshake(Writer& writer, std::int16_t version, Code code);

struct SaslAuthenticateRequest {
  std::string_view bytes{};  ///< of the mechanism
};
struct SaslAuthenticateAnswer {
  Code code = Code::none;
  std::optional<std::string> message{};
};
[[nodiscard]] SaslAuthenticateRequest read_sasl_authenticate(Reader& reader, std::int16_t version);
void write_sasl_authenticate(Writer& writer, std::int16_t version,
                             const SaslAuthenticateAnswer& answer);

struct PlainCredentials {
  std::string_view user{};
  std::string_view password{};
};
/// Reads the message of the mechanism PLAIN: identity to act as, which must be empty or the user, user and
/// password, each behind a NUL but the first. Nullopt if it is anything else.
[[nodiscard]] std::optional<PlainCredentials> parse_plain(std::string_view bytes);

}  // namespace millrace::kafka
