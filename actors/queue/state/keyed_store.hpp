// KeyedStore: the durable state, history and timers of each key.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "actors/base/hash_map.hpp"
#include "actors/base/time.hpp"
#include "messages/record.pb.h"

namespace millrace::queues {

/// A message that is appended to its queue when due. At most one for each key and name.
struct Timer {
  std::string key;
  std::string name;
  pb::Envelope envelope;
  DurationUs after_us = 0;  ///< the duration that the due time was computed from; 0: unknown
};

/// Orders timers by due time, then by the order in which they were set.
using TimerId = std::pair<TimeUs, std::uint64_t>;

struct KeyState {
  std::shared_ptr<const std::string> value;  ///< serialized; null: none
  std::string history;          ///< length-prefixed serialized pb::HistoryEntry, in order
  std::vector<TimerId> timers;  ///< of this key, in KeyedStore::timers()
};

class KeyedStore {
 public:
  /// Null: the key has no state, history or timer. Remains valid until the store changes.
  [[nodiscard]] const KeyState* find(std::string_view key) const;

  /// Sets or erases the value, then appends to the history.
  void apply(const pb::StateChange& change);
  /// Sets a timer, and replaces that of the same key and name. `at_us`: time of the record.
  void set_timer(const pb::TimerSet& timer, TimeUs at_us);
  /// The wall clock was set back to `at_us`: a timer fires after its duration from now at the latest.
  /// Only the first parts of TimerIds change.
  void clock_set_back(TimeUs at_us);
  /// Without effect where no such timer is set.
  void clear_timer(std::string_view key, std::string_view name);

  /// The timer of this key and name; nullopt: none.
  [[nodiscard]] std::optional<TimerId> find_timer(std::string_view key,
                                                  std::string_view name) const;

  /// Timers in the order in which they fall due.
  [[nodiscard]] const std::map<TimerId, Timer>& timers() const { return timers_; }
  [[nodiscard]] const StringMap<KeyState>& keys() const { return keys_; }

  /// Restores a key from a snapshot. Its timers follow by set_timer().
  void restore(std::string key, KeyState state) {
    keys_.insert_or_assign(std::move(key), std::move(state));
  }

  /// Returns whether the bytes are a sequence of history entries.
  [[nodiscard]] static bool is_history(const std::string& history);

  /// Parses a history. REQUIRES: is_history(history)
  [[nodiscard]] static std::vector<pb::HistoryEntry> parse_history(const std::string& history);

 private:
  void drop_if_empty(std::string_view key);

  StringMap<KeyState> keys_;  ///< by key; none is empty, but as restored
  std::map<TimerId, Timer> timers_;
  std::uint64_t timers_set_ = 0;  ///< orders timers of one due time
};

}  // namespace millrace::queues
