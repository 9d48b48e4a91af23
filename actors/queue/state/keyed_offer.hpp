// KeyedOffer: an offer under an idempotency key, as the queue is asked about it before it is made.
#pragma once

#include <cstdint>
#include <string>

namespace millrace::queues {

/// What the idempotency keys that a queue remembers say of an offer.
enum class KeyUse : std::uint8_t {
  none,       ///< no message was accepted under the key within the window
  duplicate,  ///< a message with the same payload was, or one whose payload is not remembered
  other,      ///< a message with another payload was
};

/// An idempotency key holds for the messages of one key of a queue.
struct KeyedOffer {
  std::string key{};               ///< of the message; empty: none
  std::string idempotency_key{};   ///< empty: none
  std::uint64_t payload_hash = 0;  ///< hash_payload() of the message's payload
};

}  // namespace millrace::queues
