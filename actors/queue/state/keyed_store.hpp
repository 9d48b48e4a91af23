// KeyedStore: the durable state, history and timers of each key.
//
// In memory mode it has all keys. On disk it has those keys only that are resident, and the rest is in
// the state store (actors/state_store/):
//
//   not resident ──loaded()──▶ clean ──apply()──▶ dirty ──written()──▶ clean ──evict()──▶ not resident
//        └──────────apply(), in a replay───────────▲
//
// A dirty key has changes that are not known to be in the store; it is not evicted. No change depends on
// what a key had before, so a key that is not resident can be changed as well.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "actors/base/hash_map.hpp"
#include "actors/base/time.hpp"
#include "actors/queue/state/residence.hpp"
#include "actors/queue/state/state_write.hpp"
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
  std::shared_ptr<const std::string> value{};  ///< serialized; null: none, or not resident
  /// Length-prefixed serialized pb::HistoryEntry, in order. On disk: empty, see Residence::tail.
  std::string history{};
  std::vector<TimerId> timers{};  ///< of this key, in KeyedStore::timers()
  std::unique_ptr<Residence>
      residence{};  ///< null in memory mode, and of a key that only has timers
};

/// When a record was applied.
struct ChangeTime {
  logs::Lsn lsn = 0;  ///< of the record
  TimeUs age_us = 0;  ///< Durable::age_us
};

/// What of a key is in memory (`resident`; null: nothing) and in the state store, together. Their
/// histories may overlap.
void merge(const KeyState* resident, std::shared_ptr<const std::string> stored_value,
           std::span<const HistoryPart> stored_history, KeyState& into);

class KeyedStore {
 public:
  /// Keeps values and histories in the state store from now on. REQUIRES: there is no key yet, but for
  /// timers. `has_stored`: the store may have keys of the queue; false: it has none.
  void keep_on_disk(bool has_stored) {
    is_on_disk_ = true;
    has_stored_ = has_stored;
  }
  [[nodiscard]] bool is_on_disk() const { return is_on_disk_; }
  /// Whether the store may have keys of the queue.
  [[nodiscard]] bool has_stored() const { return has_stored_; }

  /// Null: the key has no state, history or timer, or is not resident. Remains valid until the store
  /// changes.
  [[nodiscard]] const KeyState* find(std::string_view key) const;
  /// Whether the value of the key, or that it has none, is in memory.
  [[nodiscard]] bool is_known(std::string_view key) const;
  /// The value of a key, which then is the last to be evicted; null: none. REQUIRES: is_known(key)
  [[nodiscard]] std::shared_ptr<const std::string> use(std::string_view key);

  /// Sets or erases the value, then appends to the history.
  void apply(const pb::StateChange& change, ChangeTime at = {});
  /// Forgets the history of the key, and its value unless `history_only`.
  void forget(std::string_view key, bool history_only, ChangeTime at = {});
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
  /// On disk: the resident ones.
  [[nodiscard]] const StringMap<KeyState>& keys() const { return keys_; }

  /// Restores a key from a snapshot; a key that is restored again gets the new value, and the new
  /// history behind the old one if `continues`. Its timers follow by set_timer().
  void restore(std::string key, KeyState state, ChangeTime at = {}, bool continues = false);

  // --- On disk ---

  /// The value that the store has of the key; null: none. Without effect where the value is known.
  void loaded(std::string_view key, std::shared_ptr<const std::string> value);

  /// What dirty keys have to be written, the least recently used first: at most about `bytes_max`,
  /// but at least one key. The keys stay dirty until written(). `queue` is left 0.
  [[nodiscard]] StateWrite take_dirty(std::uint64_t bytes_max);
  /// The store has `write`, which take_dirty() has returned.
  void written(const StateWrite& write);
  /// Evicts clean keys, the least recently used first, until resident_bytes() <= `bytes_max` or none
  /// is left.
  void evict(std::uint64_t bytes_max);

  /// Calls of use() since the last call of this.
  [[nodiscard]] std::uint64_t take_uses() { return std::exchange(uses_, 0); }

  /// Approximate bytes of memory that values, histories and keys take.
  [[nodiscard]] std::uint64_t resident_bytes() const { return clean_.bytes() + dirty_.bytes(); }
  [[nodiscard]] std::uint64_t dirty_bytes() const { return dirty_.bytes(); }

  /// Returns whether the bytes are a sequence of history entries.
  [[nodiscard]] static bool is_history(const std::string& history);

  /// The history in slices of whole entries of about `bytes_max`, at least one entry each. REQUIRES:
  /// is_history(history), which outlives the slices.
  [[nodiscard]] static std::vector<std::string_view> slices(std::string_view history,
                                                            std::size_t bytes_max);

  /// Parses a history. REQUIRES: is_history(history)
  [[nodiscard]] static std::vector<pb::HistoryEntry> parse_history(const std::string& history);

 private:
  KeyState& changed(std::string_view key, ChangeTime at);
  void drop_if_empty(std::string_view key);
  void settle(Residence& residence);

  StringMap<KeyState> keys_;  ///< by key; none is empty, but as restored
  std::map<TimerId, Timer> timers_;
  std::uint64_t timers_set_ = 0;  ///< orders timers of one due time
  bool is_on_disk_ = false;
  bool has_stored_ = false;
  logs::Lsn last_lsn_ = 0;  ///< of the last change
  std::uint64_t uses_ = 0;  ///< see take_uses()
  ResidenceList clean_;     ///< least recently used first
  ResidenceList dirty_;     ///< least recently changed first
};

}  // namespace millrace::queues
