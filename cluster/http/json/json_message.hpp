// Messages from JSON, by the name of their type.
#pragma once

#include <memory>
#include <string>

#include <google/protobuf/message.h>

#include "messages/result.hpp"

namespace millrace::http {

/// Whether `type` is millrace.Json, whose JSON is any value, and is kept as the text that it came with.
[[nodiscard]] bool is_any_json(const std::string& type);

/// The message of `type` whose Protobuf JSON mapping is `json`, within message_json_bounds. Fails
/// with `invalid_argument`: the text says which field, and what was expected; or that this program
/// does not know the type. Refuses more than Protobuf's parser: see check_message_json().
[[nodiscard]] Result<std::unique_ptr<google::protobuf::Message>> message_from_json(
    const std::string& type, const std::string& json);

}  // namespace millrace::http
