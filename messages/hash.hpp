// Hashes that are part of the formats: of keys (they decide shard and order) and of identities.
#pragma once

#include <compare>
#include <cstdint>
#include <string_view>

namespace millrace {

/// Identity of a message, 128 bits. Deterministic: repeating the same work yields the same id.
struct MessageId {
  std::uint64_t high = 0;
  std::uint64_t low = 0;

  friend auto operator<=>(const MessageId&, const MessageId&) = default;
};

/// Hash of a key: decides the shard, and which messages are handled in order. Messages of two keys
/// with the same hash are handled in one order, which costs time and breaks no promise.
/// XXH3, 64 bits, stable since xxHash 0.8.0. Logs depend on the values: NEVER change the function.
[[nodiscard]] std::uint64_t hash_key(std::string_view key);

/// Shard of a key: `hash_key(key) mod shards`. REQUIRES: shards >= 1.
[[nodiscard]] std::uint32_t shard_of(std::string_view key, std::uint32_t shards);

/// Id of an offered message: XXH3, 128 bits, of the producer's name and its sequence number,
/// neither of them as a seed.
[[nodiscard]] MessageId offer_id(std::string_view producer, std::uint64_t sequence);

/// Id of output `index` of `stage` for the message `input`. Running the stage again yields the same
/// ids.
[[nodiscard]] MessageId output_id(MessageId input, std::string_view stage, std::uint32_t index);

/// 128-bit hash of an idempotency key, as the dedup table stores it. It holds for the messages of
/// one key of a queue: `message_key`, empty if the message has none.
[[nodiscard]] MessageId hash_idempotency_key(std::string_view key,
                                             std::string_view message_key = {});

/// Hash of a payload, by which a duplicate under an idempotency key is told from another message.
/// XXH3, 64 bits; never 0.
[[nodiscard]] std::uint64_t hash_payload(std::string_view payload);

}  // namespace millrace
