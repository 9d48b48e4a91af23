// DedupTable: producers and idempotency keys, by which a queue recognises duplicates.
//
// The sequence numbers of a producer are accepted strictly in order, so a message cannot overtake
// an earlier one that was refused. A window of out-of-order numbers would allow that.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "actors/base/hash_map.hpp"
#include "actors/base/time.hpp"

namespace millrace::queues {

struct Producer {
  std::uint64_t epoch = 0;  ///< offers of a lower epoch are fenced
  std::uint64_t last = 0;   ///< last sequence number that was settled
  TimeUs active_at_us = 0;  ///< time of the last record with an attach or offer
};

class DedupTable {
 public:
  /// Null: unknown. Remains valid until the table changes.
  [[nodiscard]] const Producer* find(std::string_view producer) const;
  void set(std::string_view producer, Producer value);
  void forget(std::string_view producer);

  /// Producers that were last active before `limit_us`.
  [[nodiscard]] std::vector<std::string> idle_since(TimeUs limit_us) const;

  /// Returns whether the idempotency key was last remembered at `since_us` or later.
  [[nodiscard]] bool has_idempotency_key(const MessageId& idempotency_key, TimeUs since_us) const {
    const auto it = latest_.find(idempotency_key);
    return it != latest_.end() && it->second >= since_us;
  }

  /// Remembers an idempotency key until trim_idempotency_keys().
  void remember(const MessageId& idempotency_key, TimeUs at_us);

  /// Forgets the keys that were last remembered before `since_us`, and the oldest beyond `max`.
  void trim_idempotency_keys(TimeUs since_us, std::size_t max);

  void forget_idempotency_keys() {
    latest_.clear();
    ages_.clear();
  }

  struct IdempotencyKey {
    MessageId id;
    TimeUs at_us;
  };
  [[nodiscard]] const StringMap<Producer>& producers() const { return producers_; }
  [[nodiscard]] const std::deque<IdempotencyKey>& idempotency_keys() const { return ages_; }

 private:
  StringMap<Producer> producers_;
  absl::flat_hash_map<MessageId, TimeUs, MessageIdHash> latest_;  ///< last time of each key
  std::deque<IdempotencyKey> ages_;  ///< oldest first; a key occurs once for each use
};

}  // namespace millrace::queues
