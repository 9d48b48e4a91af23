#include "messages/bounds.hpp"

#include <string>

namespace millrace {
namespace {

Error too_large(const std::string& what, std::size_t bytes, std::size_t max) {
  return {ErrorCode::too_large, what + " of " + std::to_string(bytes) +
                                    " bytes; expected at most " + std::to_string(max)};
}

}  // namespace

std::optional<Error> check_sizes(const MessageSizes& sizes) {
  if (sizes.key > key_bytes_max) return too_large("a key", sizes.key, key_bytes_max);
  if (sizes.idempotency_key > idempotency_key_bytes_max) {
    return too_large("an idempotency key", sizes.idempotency_key, idempotency_key_bytes_max);
  }
  if (sizes.key + sizes.payload > message_bytes_max) {
    return too_large("a message", sizes.key + sizes.payload, message_bytes_max);
  }
  return std::nullopt;
}

}  // namespace millrace
