// StateStore: the values and histories of keys that queues do not keep in memory, as of a
// checkpoint of the log. See docs/decisions/0019.
//
//   open(the copy that the checkpoint names) ─▶ write(), from a replay and from queues ─▶ save() ─▶ …
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "actors/queue/state/state_write.hpp"
#include "actors/state_store/table.hpp"
#include "messages/result.hpp"

namespace millrace::states {

/// A durable copy of the store, as a checkpoint names it.
struct Copy {
  std::uint64_t number = 0;  ///< last record of the checkpoint
  std::uint64_t id = 0;      ///< random; in the copy too

  friend bool operator==(const Copy&, const Copy&) = default;
};

/// What the store has of one key.
struct StoredKey {
  std::shared_ptr<const std::string> value{};  ///< null: none
  std::vector<queues::HistoryPart> history{};  ///< ascending by record
};

/// A key and its contents, or a part of them if its history is long.
struct KeyPiece {
  std::string key{};
  bool continues = false;  ///< further history of the key of the piece before; has no value
  std::shared_ptr<const std::string> value{};
  std::vector<queues::HistoryPart> history{};
  TimeUs age_us = 0;  ///< of the last change; 0: unknown
};

/// Where scan() goes on; a default one: at the first key.
struct ScanPlace {
  std::string key{};
  logs::Lsn after = 0;     ///< its history up to this record has been read
  bool is_within = false;  ///< false: behind `key`, or at the first key where that is empty
  bool is_end = false;     ///< nothing is left
};

/// A key whose last change is long ago.
struct AgedKey {
  std::string key{};
  TimeUs age_us = 0;  ///< of its last change
};

/// Thread-safe, but for open(). Functions that return a Result block on the disk, and fail with
/// `corrupt`, `storage_full` or `storage_failed`; after the failure of write() the node must stop,
/// because the store may have a part.
class StateStore {
 public:
  explicit StateStore(std::unique_ptr<Table> table) : table_(std::move(table)) {}

  /// Begins as `copy`; nullopt: empty. Called before all others, and again only if it fails. Fails with `corrupt` if the
  /// copy is missing, damaged, or another one than the checkpoint names.
  Result<void> open(const std::optional<Copy>& copy);

  /// The latest record of which the store has effects; 0: none.
  [[nodiscard]] Result<logs::Lsn> newest();

  /// Writes changes. A repetition, or changes of earlier records that are followed by those of later
  /// ones again, have no effect in the end.
  Result<void> write(const queues::StateWrite& write);

  [[nodiscard]] TableSize size() { return table_->size(); }

  struct PeekedValue {
    bool is_known = false;  ///< false: only the disk can tell
    std::shared_ptr<const std::string> value{};
  };
  /// The value of a key without the disk. Does not block.
  [[nodiscard]] PeekedValue peek(std::uint32_t queue, std::string_view key);
  /// Null: the key has no value.
  [[nodiscard]] Result<std::shared_ptr<const std::string>> value(std::uint32_t queue,
                                                                 std::string_view key);
  [[nodiscard]] Result<StoredKey> read(std::uint32_t queue, std::string_view key);

  /// Keys of a queue in order, from `place` on, which moves behind them: about `bytes_max`, but at
  /// least one piece unless there is none.
  [[nodiscard]] Result<std::vector<KeyPiece>> scan(std::uint32_t queue, ScanPlace& place,
                                                   std::size_t bytes_max);

  /// At most `max` keys of a queue that keeps ages, and of which index_ages() has returned true, whose last change is before `before_us`; with
  /// `of_history`, none whose history was forgotten since.
  [[nodiscard]] Result<std::vector<AgedKey>> aged(std::uint32_t queue, bool of_history,
                                                  TimeUs before_us, std::size_t max);

  /// Has aged() find keys that were written while their queue kept no ages: the next `max` keys from `place`
  /// on, which moves behind them. A key whose last change is not known counts as changed at `age_us`. Returns
  /// whether all have been gone through, now or by earlier calls.
  [[nodiscard]] Result<bool> index_ages(std::uint32_t queue, ScanPlace& place, TimeUs age_us,
                                        std::size_t max);

  /// Removes all keys of a queue.
  Result<void> clear(std::uint32_t queue);
  /// Removes all keys of queues that are not in `queues`.
  Result<void> clear_others(const std::set<std::uint32_t>& queues);

  /// Makes a durable copy for the checkpoint of record `number`, with all that was written before.
  /// `id` is random.
  [[nodiscard]] Result<Copy> save(logs::Lsn number, std::uint64_t id);
  /// Removes the copies after `copy`, which no checkpoint has come to name.
  Result<void> remove_later(const Copy& copy);
  /// Removes all copies but `newest` and the one before it.
  Result<void> keep(const Copy& newest);

 private:
  Result<void> remove_queue(std::uint32_t queue);
  Result<void> add_ages(const queues::StateWrite& write, const queues::KeyWrite& key, Batch& batch);
  void add_aged_item(std::uint32_t queue, bool of_history, TimeUs age_us, std::string_view key,
                     Batch& batch);

  const std::unique_ptr<Table> table_;
  /// By queue and kind: no item of an age lies before. A look from the beginning would go through all that was
  /// removed there, until the table is compacted.
  std::map<std::pair<std::uint32_t, bool>, std::string> first_aged_;
};

}  // namespace millrace::states
