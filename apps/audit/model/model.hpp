// Model: the queues of one data directory, as its records say. A second, plain implementation of
// what records mean, written from messages/record.proto; it checks each record before it applies it.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "apps/audit/model/report.hpp"
#include "apps/audit/model/topics.hpp"
#include "messages/hash.hpp"
#include "messages/record.pb.h"
#include "messages/snapshot.pb.h"

namespace millrace::audit {

/// Counts of a queue: offered == acked + dead + dropped + queued.
struct Counts {
  std::uint64_t offered = 0;
  std::uint64_t acked = 0;
  std::uint64_t dead = 0;
  std::uint64_t dropped = 0;
  std::uint64_t duplicates = 0;
  std::uint64_t redelivered = 0;

  friend bool operator==(const Counts&, const Counts&) = default;
};

/// Bits of Queued::index, which messages/snapshot.proto explains.
inline constexpr std::uint32_t relocated_bit = 1U << 31;
inline constexpr std::uint32_t installed_bit = 1U << 30;

/// A queued message, without its body.
struct Queued {
  std::uint64_t place = 0;  ///< of the record with its body
  std::uint32_t index = 0;  ///< in that record; see messages/snapshot.proto
  std::uint32_t bytes = 0;
  std::uint32_t failed = 0;
  std::uint32_t acquired = 0;
  std::string key{};  ///< known once the body was read
};

struct Producer {
  std::uint64_t epoch = 0;
  std::uint64_t last = 0;

  friend bool operator==(const Producer&, const Producer&) = default;
};

struct KeyState {
  std::optional<std::string> value;
  std::vector<pb::HistoryEntry> history{};
  std::uint64_t lsn = 0;  ///< of the last record that changed the key; 0: it is from a checkpoint
};

/// The copy of the state store that a checkpoint names.
struct StateCopy {
  std::uint64_t number = 0;  ///< last record of the checkpoint
  std::uint64_t id = 0;
};

/// What tells one message from another: a hash of id, key, payload and redrives.
using Identity = MessageId;

/// Numbers of a producer with the message of each, as far as records of the log tell.
using Numbered = std::vector<std::pair<std::uint64_t, Identity>>;

struct Queue {
  pb::Declaration declaration;
  std::uint64_t last = 0;  ///< sequence number of the newest message
  Counts counts;
  std::map<std::uint64_t, Queued> queued{};  ///< by sequence number
  std::unordered_map<std::string, Producer> producers{};
  std::unordered_map<std::string, KeyState> keys{};
  /// Keys that are gone, with the last record that changed each; those with `keys` are all that the
  /// records have changed.
  std::unordered_map<std::string, std::uint64_t> gone_keys{};
  std::map<std::pair<std::string, std::string>, std::int64_t> timers{};  ///< due times
  std::vector<pb::OutboxGeneration> generations{};
  AuditedTopics topics{};
  std::set<std::string> paused{};  ///< keys; "": the queue as a whole
  std::int64_t breaker_open_since_us = 0;

  // Of the records that were read; not in a checkpoint.
  std::vector<std::pair<Identity, std::uint64_t>> appended{};  ///< with the LSN
  Numbered sent{};                                             ///< of an outbox
  std::unordered_map<std::string, Numbered> taken{};           ///< by producer

  [[nodiscard]] bool is_outbox() const { return declaration.has_outbox(); }
  [[nodiscard]] bool is_served() const { return !is_outbox() && !declaration.staged(); }
  /// Name and shard, for people.
  [[nodiscard]] std::string title() const;
};

/// Receives what is wrong with a record.
using Complain = std::function<void(About, std::string)>;

class Model {
 public:
  using Shards = std::map<std::pair<std::string, std::uint32_t>, pb::ShardRecord>;

  /// `keep_numbers`: fill Queue::sent and Queue::taken, at 24 bytes a message.
  explicit Model(bool keep_numbers) : keep_numbers_(keep_numbers) {}

  /// Loads one entry of a checkpoint. REQUIRES: entries come in order, before apply().
  void load(std::string_view entry, const Complain& complain);

  /// Checks a record and applies it.
  void apply(std::uint64_t lsn, std::uint64_t place, std::string_view body, Report& report,
             const Complain& complain);

  [[nodiscard]] std::map<std::uint32_t, Queue>& queues() { return queues_; }
  [[nodiscard]] const std::map<std::uint32_t, Queue>& queues() const { return queues_; }
  [[nodiscard]] const Shards& shards() const { return shards_; }
  /// Of the checkpoint that was loaded; none: it has the keyed states itself.
  [[nodiscard]] const std::optional<StateCopy>& state_copy() const { return state_copy_; }

  /// Adds history entries, length-prefixed, or the value of a key of the checkpoint's copy.
  void load_value(std::uint32_t queue, const std::string& key, std::string_view value,
                  const Complain& complain);
  void load_history(std::uint32_t queue, const std::string& key, std::string_view entries,
                    const Complain& complain);

  /// What of `copy`, which has the effects of records up to `number` and perhaps of some later ones,
  /// differs from the keys here, as of a later record; empty: nothing.
  [[nodiscard]] std::string difference_of_copy(const Model& copy, std::uint64_t number) const;

 private:
  friend class Applier;

  bool keep_numbers_;
  std::map<std::uint32_t, Queue> queues_;
  std::optional<StateCopy> state_copy_;
  Shards shards_;
  Queue* loading_ = nullptr;
};

/// Loads one part of a snapshot into `queue`; its messages lie at `place` if that is given, with
/// `index_flag` in their index.
void load_part(Queue& queue, const pb::SnapshotPart& part,
               std::optional<std::pair<std::uint64_t, std::uint32_t>> place,
               const Complain& complain);

/// The first difference between two models, for people; empty if there is none.
[[nodiscard]] std::string difference(const Model& by_records, const Model& by_checkpoint);

[[nodiscard]] Identity identity_of(const pb::Envelope& envelope);

}  // namespace millrace::audit
