// DedupTable: what a queue remembers of its producers, so that an offer made twice is one message.
//
// A producer's sequence numbers are accepted strictly in order: a later message can then never
// overtake an earlier one that was refused, which a window of out-of-order numbers would allow.
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
  TimeUs active_at_us = 0;
};

class DedupTable {
 public:
  [[nodiscard]] const Producer* find(std::string_view producer) const;
  void set(std::string_view producer, Producer value);
  void forget(std::string_view producer);

  /// Producers that were last active before `limit_us`.
  [[nodiscard]] std::vector<std::string> idle_since(TimeUs limit_us) const;

  /// Whether the idempotency key was remembered at `since_us` or later.
  [[nodiscard]] bool knows(const MessageId& idempotency_key, TimeUs since_us) const {
    const auto it = known_.find(idempotency_key);
    return it != known_.end() && it->second >= since_us;
  }

  /// Remembers a idempotency key; forgets those older than `window_us`, and the oldest beyond `max`.
  void remember(const MessageId& idempotency_key, TimeUs at_us, DurationUs window_us,
                std::uint32_t max);

  void forget_idempotency_keys() {
    known_.clear();
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
  absl::flat_hash_map<MessageId, TimeUs, MessageIdHash> known_;
  std::deque<IdempotencyKey> ages_;  ///< oldest first
};

}  // namespace millrace::queues
