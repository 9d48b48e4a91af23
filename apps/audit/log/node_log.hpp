// NodeLog: the log of one stopped node as the audit reads it, wherever it lies.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "messages/result.hpp"

namespace millrace::audit {

/// Where a record begins: segment number in the high 32 bits, position within it in the low 32.
using Place = std::uint64_t;

struct LogRecord {
  std::uint64_t lsn = 0;
  Place place = 0;
  std::string_view body;  ///< valid during the call only
};

/// Something that is wrong with the log.
struct Damage {
  std::string file;
  std::uint64_t offset = 0;
  std::uint64_t record = 0;
  std::string text;
};

/// What other parts state about the log.
struct Witness {
  std::uint64_t replay_from = 1;  ///< of the checkpoint from which a start replays
  std::uint64_t durable = 0;      ///< records up to this were confirmed
  std::string stated_by{};        ///< name of what states `durable`
};

/// The part of the log that was read.
struct LogExtent {
  std::uint64_t first_lsn = 0;  ///< 0: there is no record
  std::uint64_t last_lsn = 0;
  std::uint64_t frames = 0;
  bool is_damaged = false;  ///< the records after last_lsn could not be read
  std::vector<Damage> damage{};
};

struct CheckpointHeader {
  std::uint64_t number = 0;
  std::uint64_t replay_from = 1;
  std::uint64_t durable = 0;  ///< records up to this were durable when it was written
};

/// What is wrong with a checkpoint, and where.
struct CheckpointDamage {
  std::uint64_t offset = 0;
  std::string text;
};

struct CheckpointRead {
  CheckpointHeader header;
  std::uint64_t entries = 0;
  std::optional<CheckpointDamage> damage{};  ///< none: it is whole
};

/// An item of a key in the state store.
struct StateItem {
  std::uint32_t queue = 0;
  std::string key{};
  bool is_history = false;  ///< entries of one record; false: the value
  std::uint64_t lsn = 0;    ///< of that record
};

/// A part of the log, or a file beside it, that should not be as it is.
struct Problem {
  std::string file;
  std::string text;
};

using EntryVisitor = std::function<void(std::string_view)>;
using RecordVisitor = std::function<void(const LogRecord&)>;
using PlaceVisitor = std::function<void(std::size_t, const std::optional<LogRecord>&)>;
using StateVisitor = std::function<void(const StateItem&, std::string_view bytes)>;

/// Keeps nodes from starting on the log while it is open. Changes nothing. Not thread-safe; functions that
/// return a Result block, and fail with `storage_failed`, `log_unreachable` or `unsupported_version`.
class NodeLog {
 public:
  NodeLog() = default;
  virtual ~NodeLog() = default;
  NodeLog(const NodeLog&) = delete;
  NodeLog& operator=(const NodeLog&) = delete;

  /// For people: the path of a directory, or a database and a node.
  [[nodiscard]] virtual const std::string& where() const = 0;
  /// What was wrong when it was opened.
  [[nodiscard]] virtual const std::vector<Problem>& problems() const = 0;
  /// Number of files or tables.
  [[nodiscard]] virtual std::uint64_t parts() const = 0;
  /// Numbers of the checkpoints, ascending.
  [[nodiscard]] virtual std::vector<std::uint64_t> checkpoints() const = 0;

  // Names of files or tables, for findings.
  [[nodiscard]] virtual std::string checkpoint_name(std::uint64_t number) const = 0;
  [[nodiscard]] virtual std::string segment_name(std::uint32_t segment) const = 0;

  /// What states how far the log was durable, beside checkpoints; empty: nothing.
  [[nodiscard]] virtual std::optional<Witness> stated_end() const = 0;

  /// Visits the entries of a checkpoint, in order; the bytes are valid during the call. If it is damaged,
  /// `visit` may have received a part.
  virtual Result<CheckpointRead> read_checkpoint(std::uint64_t number,
                                                 const EntryVisitor& visit) = 0;
  /// Visits the values and histories in state copy `number`, in order of queue, key and record. Returns
  /// what is wrong with the copy; empty: nothing.
  virtual Result<std::string> read_state_copy(std::uint64_t number, std::uint64_t id,
                                              const StateVisitor& visit) = 0;

  /// Lsn of the first record that is here; 0: none.
  virtual Result<std::uint64_t> first_lsn() = 0;
  /// Visits each record, in order, from the first one that is here. After a confirmed record that is
  /// damaged or missing, at or behind `witness.replay_from`, the reading ends.
  virtual Result<LogExtent> read(const Witness& witness, const RecordVisitor& visit) = 0;
  /// Visits the index of each place, and the record there; empty if no intact record begins at the place.
  /// REQUIRES: `places` are in order.
  virtual Result<void> read_at(std::span<const Place> places, const PlaceVisitor& visit) = 0;
};

}  // namespace millrace::audit
