// KeyedStore: the durable state, history and timers of each key of a stage.
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

/// A message that is appended to the queue when it is due.
struct Timer {
  std::string key;
  std::string name;
  pb::Envelope envelope;
};

/// Orders timers by due time, then by the order in which they were set.
using TimerId = std::pair<TimeUs, std::uint64_t>;

struct KeyState {
  std::shared_ptr<const std::string> value;  ///< serialized state; null: none
  std::string history;  ///< length-prefixed serialized pb::HistoryEntry, in order
  std::vector<TimerId> timers;
};

class KeyedStore {
 public:
  [[nodiscard]] const KeyState* find(std::string_view key) const;

  void apply(const pb::StateChange& change);
  void set_timer(const pb::TimerSet& timer);
  void clear_timer(std::string_view key, std::string_view name);

  /// The timer of this key and name; nullopt: none is set.
  [[nodiscard]] std::optional<TimerId> find_timer(std::string_view key,
                                                  std::string_view name) const;

  /// Timers in the order in which they fall due.
  [[nodiscard]] const std::map<TimerId, Timer>& timers() const { return timers_; }
  [[nodiscard]] const StringMap<KeyState>& keys() const { return keys_; }

  /// Puts back what a snapshot holds.
  void restore(std::string key, KeyState state) {
    keys_.insert_or_assign(std::move(key), std::move(state));
  }

  /// Whether the bytes are a history, entry by entry.
  [[nodiscard]] static bool is_history(const std::string& history);

  /// The entries of a history, parsed.
  [[nodiscard]] static std::vector<pb::HistoryEntry> parse_history(const std::string& history);

 private:
  void drop_if_empty(std::string_view key);

  StringMap<KeyState> keys_;
  std::map<TimerId, Timer> timers_;
  std::uint64_t timers_set_ = 0;
};

}  // namespace millrace::queues
