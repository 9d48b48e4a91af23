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

/// A generation of an outbox's node, from a start of the node to the next. The outbox gave out the numbers
/// above `after`, and up to `after` of its next generation, in this generation.
struct OutboxGeneration {
  std::uint64_t id = 0;     ///< random; not 0
  std::uint64_t after = 0;  ///< last number of the outbox when the generation began
};

struct Producer {
  std::uint64_t epoch = 0;       ///< offers of a lower epoch are fenced
  std::uint64_t last = 0;        ///< last sequence number that was settled
  TimeUs active_at_us = 0;       ///< time of the last record with an attach or offer
  std::uint64_t generation = 0;  ///< OutboxGeneration::id of its latest session; 0: not an outbox
};

class DedupTable {
 public:
  /// Null: unknown. Remains valid until the table changes.
  [[nodiscard]] const Producer* find(std::string_view producer) const;
  void set(std::string_view producer, Producer value);
  void forget(std::string_view producer);

  /// Producers that were last active before `limit_us`. Outboxes are never among them: an outbox
  /// that the queue does not know any more is a sign of lost data.
  [[nodiscard]] std::vector<std::string> idle_since(TimeUs limit_us) const;

  struct IdempotencyKey {
    MessageId id;  ///< hash_idempotency_key()
    TimeUs at_us = 0;
    std::uint64_t payload = 0;  ///< hash_payload() of the message; 0: an older version kept none
  };

  /// Returns the latest use of the idempotency key at `since_us` or later. Null: there is none.
  [[nodiscard]] const IdempotencyKey* find_idempotency_key(const MessageId& idempotency_key,
                                                           TimeUs since_us) const {
    const auto it = latest_.find(idempotency_key);
    return it != latest_.end() && it->second.at_us >= since_us ? &it->second : nullptr;
  }

  /// Remembers the use of an idempotency key until trim_idempotency_keys().
  void remember(const IdempotencyKey& used);

  /// Forgets the keys that were last used before `since_us`, and the oldest beyond `max`.
  void trim_idempotency_keys(TimeUs since_us, std::size_t max);

  /// The wall clock was set forwards by `by_us`: nothing becomes older by that.
  void clock_set_forwards(DurationUs by_us);
  /// The wall clock was set back to `at_us`: no idempotency key is remembered as used after that.
  void clock_set_back(TimeUs at_us);

  void forget_idempotency_keys() {
    latest_.clear();
    ages_.clear();
  }

  [[nodiscard]] const StringMap<Producer>& producers() const { return producers_; }
  [[nodiscard]] const std::deque<IdempotencyKey>& idempotency_keys() const { return ages_; }

 private:
  StringMap<Producer> producers_;
  absl::flat_hash_map<MessageId, IdempotencyKey, MessageIdHash> latest_;  ///< last use of each key
  std::deque<IdempotencyKey> ages_;  ///< oldest first; a key occurs once for each use
};

}  // namespace millrace::queues
