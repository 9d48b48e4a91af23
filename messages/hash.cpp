#include "messages/hash.hpp"

#include <array>

#include <xxhash.h>

namespace millrace {
namespace {

MessageId digest(std::string_view text, std::uint64_t seed) {
  const XXH128_hash_t hash = XXH3_128bits_withSeed(text.data(), text.size(), seed);
  return {.high = hash.high64, .low = hash.low64};
}

}  // namespace

std::uint64_t hash_key(std::string_view key) {
  return XXH3_64bits(key.data(), key.size());
}

std::uint32_t shard_of(std::string_view key, std::uint32_t shards) {
  return static_cast<std::uint32_t>(hash_key(key) % shards);
}

// The number is hashed, and is no seed: with names of up to eight characters, XXH3 only adds the seed to
// the text, so that two producers with similar names would have messages of the same id.
MessageId offer_id(std::string_view producer, std::uint64_t sequence) {
  const MessageId name = digest(producer, 0);
  const std::array<std::uint64_t, 3> whole{name.high, name.low, sequence};
  return digest({reinterpret_cast<const char*>(whole.data()), sizeof(whole)}, 0);
}

MessageId output_id(MessageId input, std::string_view stage, std::uint32_t index) {
  // Chained, so that the result depends on every bit of the input's id.
  const MessageId first = digest(stage, input.high ^ index);
  return {.high = first.high ^ input.low, .low = digest(stage, first.low ^ input.low).low};
}

MessageId hash_idempotency_key(std::string_view key, std::string_view message_key) {
  const MessageId own = digest(key, 0);
  if (message_key.empty()) return own;
  const MessageId scope = digest(message_key, own.low);
  return {.high = own.high ^ scope.high, .low = scope.low};
}

std::uint64_t hash_payload(std::string_view payload) {
  const std::uint64_t hash = XXH3_64bits(payload.data(), payload.size());
  return hash == 0 ? 1 : hash;
}

}  // namespace millrace
