// CopySource and CopyTarget: a log that moves to another engine or place, record by record.
//
//   source  open ─▶ visit_records ─▶ visit_checkpoint ─────────────────────▶ give_up
//   target  open ─▶ add ⋯ ─────────▶ write_checkpoint ─▶ prepare ─────────────────────▶ complete
//
// The source is given up before the target is complete, so a process that ends in between leaves no
// log that a node could start on, never two.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "actors/log/checkpoint.hpp"
#include "actors/log/file_store.hpp"
#include "actors/log/frame.hpp"
#include "messages/result.hpp"

namespace millrace::logs {

/// Which records a log has.
struct CopyExtent {
  Lsn first_lsn = 1;                 ///< oldest record that is not released
  Lsn last_lsn = 0;                  ///< newest record; 0: the log is empty
  std::optional<Lsn> replay_from{};  ///< of the newest checkpoint; empty: there is none
};

/// The log of a stopped node, opened so that no node starts on it meanwhile. Not thread-safe; all
/// functions block. Destroyed without give_up(), it leaves the log as it was. The functions fail with
/// `corrupt`, `storage_failed`, `log_unreachable`.
class CopySource {
 public:
  CopySource() = default;
  virtual ~CopySource() = default;
  CopySource(const CopySource&) = delete;
  CopySource& operator=(const CopySource&) = delete;

  [[nodiscard]] virtual const CopyExtent& extent() const = 0;
  /// Whether an earlier copy to the same target has given the log up.
  [[nodiscard]] virtual bool was_given_up() const = 0;

  /// Visits the records from extent().first_lsn to extent().last_lsn, in order.
  virtual Result<void> visit_records(const FrameVisitor& visit) = 0;
  /// Visits the entries of the newest checkpoint; none if there is none. May be called again.
  virtual Result<void> visit_checkpoint(const EntryVisitor& visit) = 0;

  /// Where the files are that the checkpoint names; null: in the directory of the log.
  [[nodiscard]] virtual FileStore* files() { return nullptr; }

  /// From now on no node starts on this log: it has moved to `target` (see CopyTarget::where()), which
  /// is complete but for CopyTarget::complete(). Durable on return. After a failure it may have taken
  /// effect. Called last.
  virtual Result<void> give_up(const std::string& target) = 0;
};

/// A log that is written anew. No node starts on it before complete(). Not thread-safe; all functions
/// block. Destroyed before complete(), it removes what it has written, as far as it can. The functions
/// fail with `storage_full`, `storage_failed`, `log_unreachable`.
class CopyTarget {
 public:
  CopyTarget() = default;
  virtual ~CopyTarget() = default;
  CopyTarget(const CopyTarget&) = delete;
  CopyTarget& operator=(const CopyTarget&) = delete;

  /// Where the log will lie: equal for each attempt to copy to the same place. Holds no secret.
  [[nodiscard]] virtual std::string where() const = 0;

  /// Appends a record; its lsn is one above that of the record before, and any for the first one.
  /// Returns its place. `frame.place` is ignored.
  virtual Result<Place> add(const Frame& frame) = 0;
  /// Writes the checkpoint, after all records. `fill` may be called twice.
  virtual Result<void> write_checkpoint(Lsn replay_from, const CheckpointFill& fill) = 0;
  /// Makes durable what was written, as far as that is possible before complete().
  virtual Result<void> prepare() = 0;
  /// The log exists from now on. Durable on return. Called last; after a failure it may exist.
  virtual Result<void> complete() = 0;
};

}  // namespace millrace::logs
