// Largest sizes of a message and its parts. Checked where a message is offered or made by a handler,
// before anything durable depends on it.
#pragma once

#include <cstddef>
#include <optional>

#include "messages/result.hpp"

namespace millrace {

/// Key of a message or name of a timer.
constexpr std::size_t key_bytes_max = 64u << 10;
/// Key and payload of a message together.
constexpr std::size_t message_bytes_max = 8u << 20;
/// Idempotency key of an offered message.
constexpr std::size_t idempotency_key_bytes_max = 4u << 10;

/// Sizes of the parts of a message, in bytes.
struct MessageSizes {
  std::size_t key = 0;
  std::size_t payload = 0;
  std::size_t idempotency_key = 0;
};

/// Returns `too_large` with the size and the bound if one of the sizes is above its bound.
[[nodiscard]] std::optional<Error> check_sizes(const MessageSizes& sizes);

}  // namespace millrace
