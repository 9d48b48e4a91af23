#include "cluster/http/service/parsed_offer.hpp"

#include <algorithm>
#include <utility>

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include "cluster/http/json/json_message.hpp"

namespace millrace::http {
namespace {

bool has_control_character(const std::string& text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
  });
}

/// The key of a message from outside. `own`: what the queue takes from the message, if `is_keyed`.
/// A key that no path or query can name would be taken and never be found again.
Result<std::string> key_for(const OfferRequest& request, std::string own, bool is_keyed) {
  if (!is_keyed) return request.key.value_or("");
  if (request.key && *request.key != own) {
    return Error{ErrorCode::invalid_argument,
                 "query: key: expected none, or the message's own key, in " + request.queue};
  }
  if (own.empty()) {
    return Error{ErrorCode::invalid_argument, "body: expected a key: the field that " +
                                                  request.queue + " takes it from is empty"};
  }
  if (has_control_character(own)) {
    return Error{ErrorCode::invalid_argument,
                 "body: expected a key without control characters, as no path can name it"};
  }
  return own;
}

/// Equal messages become equal bytes, also where they have maps.
std::string serialized(const google::protobuf::MessageLite& message) {
  std::string bytes;
  google::protobuf::io::StringOutputStream out(&bytes);
  google::protobuf::io::CodedOutputStream coded(&out);
  coded.SetSerializationDeterministic(true);
  message.SerializeToCodedStream(&coded);
  coded.Trim();
  return bytes;
}

}  // namespace

Result<ParsedOffer> parse_offer(const OfferRequest& request, const std::string& type,
                                const KeyOf& key_of) {
  const auto message = message_from_json(type, request.json);
  if (!message) return message.error();
  std::string own;
  try {
    if (key_of) own = key_of(**message);
  } catch (const std::exception& error) {
    return Error{ErrorCode::invalid_argument, std::string("body: ") + error.what()};
  }
  auto key = key_for(request, std::move(own), key_of != nullptr);
  if (!key) return key.error();
  return ParsedOffer{std::move(*key), serialized(**message)};
}

Error no_owner(const std::string& queue, std::uint32_t shard) {
  return {ErrorCode::unreachable,
          "shard " + std::to_string(shard) + " of " + queue + " has no owner yet; see /readyz"};
}

}  // namespace millrace::http
