// The two hashes that the design fixes: of keys (placement and order) and of identities.
#pragma once

#include <compare>
#include <cstdint>
#include <string_view>

namespace millrace {

/// Identity of a message, 128 bits; the same work always makes the same id.
struct MessageId {
  std::uint64_t high = 0;
  std::uint64_t low = 0;

  friend auto operator<=>(const MessageId&, const MessageId&) = default;
};

/// Hash of a message's key: decides its shard, and which messages share an order. Two keys that
/// collide are handled one after the other, which costs time and breaks nothing.
/// XXH3 of 64 bits, quiesced since xxHash 0.8.0: it is in the log, so NEVER change it.
[[nodiscard]] std::uint64_t hash_key(std::string_view key);

/// Shard of a key: `hash_key(key) mod shards`. `shards` is at least 1.
[[nodiscard]] std::uint32_t shard_of(std::string_view key, std::uint32_t shards);

/// Id of an offered message: XXH3-128 of the producer and its sequence number.
[[nodiscard]] MessageId offer_id(std::string_view producer, std::uint64_t sequence);

/// Id of the `index`-th output of `stage` for `input`.
[[nodiscard]] MessageId output_id(MessageId input, std::string_view stage, std::uint32_t index);

/// 128 bits of a idempotency key, as the dedup table keeps it.
[[nodiscard]] MessageId hash_idempotency_key(std::string_view key);

}  // namespace millrace
