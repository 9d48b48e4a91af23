// Messages as JSON, for looking at.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "actors/store/durable_view.hpp"
#include "messages/hash.hpp"

namespace millrace::http {

/// The Protobuf JSON mapping of `bytes` as message `type`. A string of hexadecimal digits for a type
/// that this program has not, for bytes that are no such message, and beyond message_json_bounds.
[[nodiscard]] nlohmann::ordered_json payload_json(const std::string& type,
                                                  const std::string& bytes);

/// The same as text, without building it: of millrace.Json, the text that it came with. A string of
/// hexadecimal digits where payload_json() gives one.
[[nodiscard]] std::string payload_text(const std::string& type, const std::string& bytes);

/// A live message with its envelope.
[[nodiscard]] nlohmann::ordered_json message_json(const MessageView& message,
                                                  const std::string& type);

/// An id as 32 hexadecimal digits, and back; nullopt where `text` is none.
[[nodiscard]] std::string id_text(MessageId id);
[[nodiscard]] std::optional<MessageId> parse_id(std::string_view text);

/// "2026-01-31T23:59:59.000001Z"; null for 0.
[[nodiscard]] nlohmann::ordered_json time_json(TimeUs time_us);

}  // namespace millrace::http
