// Log: what the runtime asks of the log of a node, whatever the engine behind it. The records of all
// shards of a node are one log: made durable in groups, confirmed in order. Bodies are opaque.
//
//   Engine::open ──▶ OpenedLog::recover ──▶ OpenedLog::start ──▶ append ⇄ on_committed ──▶ stop
//
// Three things may befall a running log:
//
//   full         storage_full(): records that make room go on, others may have to wait
//   unreachable  is_reachable() is false: commits are in doubt or the engine has lost its server.
//                Nothing is confirmed meanwhile, appended records wait, the node goes on
//   failed       Listener::on_failed(): final. Also when another process has taken the log: `fenced`
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "actors/log/backup.hpp"
#include "actors/log/checkpoint.hpp"
#include "actors/log/file_store.hpp"
#include "actors/log/frame.hpp"
#include "actors/log/log_stats.hpp"
#include "actors/log/proposal.hpp"
#include "messages/result.hpp"

namespace millrace::logs {

/// A log that is open for writing. Any thread may call any function concurrently, also from within
/// the listener, except stop() and the destructor. An engine that overrides append() or read() names
/// the other overload by `using Log::append`.
///
/// Invariant: what on_committed() has received is found by every later recovery, at the same place,
/// until its segment is released. Recovery finds a prefix of the records in log order: all confirmed
/// ones, and perhaps some that were appended and not confirmed; never a record behind a missing one.
class Log {
 public:
  Log() = default;
  /// Calls stop().
  virtual ~Log() = default;
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  /// Proposes several records, adjacent in the log, or none if one is refused. Does not wait until
  /// they are durable: Listener::on_committed() confirms them, possibly before append() returns.
  /// They need not share a group: after a crash a prefix may be durable. Records with equal
  /// Proposal::makes_room are logged in the order of their appends. Moves from `proposals` on
  /// success. Never blocks on I/O; while the log is unreachable it goes on to accept records, and
  /// the credit of producers and receivers bounds them. Fails with
  ///   too_large       a body is longer than the engine's bound
  ///   draining        stop() was called
  ///   fenced, storage_failed, corrupt
  ///                   the log has failed; see Listener::on_failed()
  /// The listener then never receives the records. An accepted record stays unconfirmed only if the
  /// log fails, or stops while it is full or unreachable.
  virtual Result<void> append(std::span<std::shared_ptr<Proposal>> proposals) = 0;

  /// Proposes one record; as append() of several.
  Result<void> append(std::shared_ptr<Proposal> proposal) {
    return append(std::span<std::shared_ptr<Proposal>>(&proposal, 1));
  }

  /// Visits the records at `places` in log order, whatever the order of `places`. Records that lie
  /// near each other share one read, so large batches are cheaper. Blocks on reads, never on the
  /// writer. While the log is unreachable it waits until it is reachable again or stops; an outage
  /// is not a failure. Fails with `not_found` (the segment was released), `corrupt` (no intact frame
  /// is there; the message says where), `storage_failed`, `draining` (stop() was called while the
  /// log was unreachable), or the error of `visit`. Some records may have been visited then.
  /// REQUIRES: each place is that of a confirmed or recovered record.
  virtual Result<void> read(std::span<const Place> places, const PlaceVisitor& visit) = 0;

  /// Body of the record at `place`. Fails as the other read().
  Result<std::string> read(Place place) {
    std::string body;
    const Result<void> done = read({&place, 1}, [&](std::size_t, const Frame& frame) {
      body.assign(frame.body);
      return Result<void>{};
    });
    if (!done) return done.error();
    return body;
  }

  /// Writes a checkpoint after which a start replays the records from `replay_from` on. It takes
  /// effect as a whole or not at all: recovery uses the newest complete one. Concurrent calls are
  /// run one after the other. Blocks. Fails with `invalid_argument` unless
  /// 1 <= replay_from <= durable_lsn + 1 and that part of the log is not released; `storage_full`,
  /// `storage_failed`, `log_unreachable`, `fenced`, or the error of `fill`. After a failure the
  /// checkpoint before stays valid and the log goes on.
  virtual Result<CheckpointInfo> write_checkpoint(Lsn replay_from, const CheckpointFill& fill) = 0;

  /// Releases the segments before `segment`, but none that a start from the newest checkpoint
  /// reads, nor the one being written. Therefore releases nothing before the first checkpoint. From
  /// then on, reads of their places fail with `not_found`, and segments_before_replay() leaves them
  /// out. The engine may free their room later; a failure to free it is not reported, and the engine
  /// tries again. What was not freed when the process ends may be part of the log again for the next
  /// one. May block on I/O.
  /// REQUIRES: no live message's body lies in the segments before `segment`.
  virtual void release_before(SegmentNumber segment) = 0;

  /// The segments that a start does not replay, oldest first: release_before() may release them.
  /// Empty before the first checkpoint. Does not block on I/O.
  [[nodiscard]] virtual std::vector<SegmentInfo> segments_before_replay() const = 0;

  /// Bytes of a segment when it is complete; a segment may be somewhat longer.
  [[nodiscard]] virtual std::uint64_t segment_bytes() const = 0;

  /// Whether room is short. The node then accepts no new work, and continues accepted work and
  /// compaction. An engine that measures its room says so early enough for accepted work to end;
  /// one that cannot measure it says so when a write was refused for lack of room, until one
  /// succeeds. Does not block: called for each offer.
  [[nodiscard]] virtual bool storage_full() const = 0;

  /// Whether storage_full() holds and only the room for finishing is left, which suffices for
  /// outcomes in flight and for compacting all live messages once. The node then begins nothing else
  /// that needs room. An engine that cannot measure its room: as storage_full(). Does not block.
  [[nodiscard]] virtual bool storage_exhausted() const = 0;

  /// Interval of Listener::on_storage_full() while the log is full.
  [[nodiscard]] virtual std::chrono::milliseconds full_interval() const = 0;

  /// Bytes that this process may still allocate where the log lies; empty: the engine cannot know,
  /// as with a database on another machine. Blocks on one system call. Fails with `storage_failed`.
  [[nodiscard]] virtual Result<std::optional<std::uint64_t>> free_bytes() const = 0;

  /// Whether records become durable, as far as the log knows. False from when a commit came into
  /// doubt or the server was lost, until a record or a marker behind all records in doubt is
  /// confirmed. Does not block. An engine without a server: always true.
  [[nodiscard]] virtual bool is_reachable() const { return true; }

  /// Whether the log has been unreachable for longer than the engine's patience: offers are then
  /// refused with `log_unreachable`, which is temporary, instead of waiting. Implies !is_reachable();
  /// false again with it. Does not block: called for each offer.
  [[nodiscard]] virtual bool refuses_work() const { return false; }

  /// Bytes written since the newest checkpoint began, plus the segments that the start replayed if
  /// no checkpoint was written since. A node that crashes before its checkpoint therefore writes
  /// one soon after the next start.
  [[nodiscard]] virtual std::uint64_t bytes_since_checkpoint() const = 0;

  [[nodiscard]] virtual LogStats stats() const = 0;

  /// Lets all records use the whole reserve from now on. For a shutdown, when no further records
  /// that make room are expected. An engine without a reserve does nothing.
  virtual void open_reserve() {}

  /// Where files that checkpoints name are kept; null: the log lies on this machine, and so do they.
  /// Lives as long as the log.
  [[nodiscard]] virtual FileStore* files() { return nullptr; }

  /// Writes a backup as of the last durable record to `target`, a new or empty directory, while the
  /// log goes on. Meanwhile no segment is released, and no checkpoint is removed while it is copied.
  /// Fails with `invalid_argument` (the engine has no backups of its own; the message says what to
  /// use instead), `draining` (another backup is being written), `foreign_file` (the target is not
  /// empty), `storage_full` (the target has no room, or the log needs the segments that the backup
  /// keeps), `corrupt`, `storage_failed`, or the error of `may_go_on`, which is asked for each MiB.
  /// Blocks for as long as the copying takes.
  [[nodiscard]] virtual Result<BackupInfo> back_up(
      const std::filesystem::path& target, const BackupIdentity& identity, std::int64_t at_us,
      const std::function<Result<void>()>& may_go_on) = 0;

  /// Refuses further appends, writes and confirms the appended records, gives the log up so that
  /// another process may open it, and joins all threads. Records that a full log has no room for, or
  /// that an unreachable one cannot confirm within a bound of the engine, stay unconfirmed. Blocks.
  /// A second call does nothing. No call of the listener is running or follows when it returns.
  /// REQUIRES: not called by the listener, nor concurrently.
  virtual void stop() = 0;
};

}  // namespace millrace::logs
