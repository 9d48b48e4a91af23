// The journal: the log of a node. Records of all its shards are made durable in groups and
// confirmed in log order. Record bodies are opaque. Layout on disk: docs/formats/journal.md.
//
//   DataDirectory::open ──▶ recover ──▶ Journal::start ──▶ append ⇄ on_committed ──▶ stop
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "actors/journal/backup/backup.hpp"
#include "actors/journal/checkpoint/checkpoint.hpp"
#include "actors/journal/disk/data_directory.hpp"
#include "actors/journal/format/frame.hpp"
#include "actors/journal/read/cold_reader.hpp"
#include "actors/journal/recovery.hpp"
#include "actors/journal/write/journal_stats.hpp"
#include "actors/journal/write/options.hpp"
#include "actors/journal/write/proposal.hpp"
#include "messages/result.hpp"

namespace millrace::journal {

/// A log that is open for writing. Any thread may call any function concurrently, also from within
/// the listener, except stop() and the destructor.
class Journal {
 public:
  /// Continues the log that `recovered` describes, in a new segment. First syncs the segments that
  /// recovery has read, because a killed process may have left them in the disk's cache. Blocks.
  /// Fails with `invalid_argument` (an option is out of range), `storage_failed`.
  /// REQUIRES: `directory` was opened as writer, and `recovered` was read from it since then;
  /// `listener` must remain live until the journal is destroyed. The journal owns `directory` and
  /// keeps it locked until it is destroyed.
  static Result<std::unique_ptr<Journal>> start(DataDirectory directory, const Recovered& recovered,
                                                const Options& options, Listener& listener);

  /// Calls stop().
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  /// Proposes a record. Does not wait until the record is durable: Listener::on_committed()
  /// confirms it, possibly before append() returns. Records with equal Proposal::makes_room are
  /// logged in the order of their appends. Never blocks on I/O. Fails with `too_large`, `draining`
  /// (stop() was called), `storage_failed` (the log has failed); the listener then never receives
  /// the record. An accepted record stays unconfirmed only if the log fails, or stops while the
  /// disk is full.
  Result<void> append(std::shared_ptr<Proposal> proposal);

  /// Proposes several records, adjacent in the log, or none if one is refused. Moves from
  /// `proposals` on success. They need not share a group: after a crash a prefix may be durable.
  Result<void> append(std::span<std::shared_ptr<Proposal>> proposals);

  /// Body of the record at `place`. Fails as the other read() does. Blocks on one read.
  Result<std::string> read(Place place);

  /// Visits the records at `places` in log order, whatever the order of `places`. Records that lie
  /// near each other share one read, so large batches are cheaper. Blocks on reads, never on the
  /// writer. Fails with `not_found` (the segment was released), `corrupt` (no intact frame begins
  /// there; the message names file and offset), `storage_failed`, or the error of `visit`.
  /// REQUIRES: each place is that of a confirmed or recovered record.
  Result<void> read(std::span<const Place> places, const PlaceVisitor& visit);

  /// Writes a checkpoint after which a start replays the records from `replay_from` on. Concurrent
  /// calls are run one after the other. Fails with `invalid_argument` unless
  /// 1 <= replay_from <= durable_lsn + 1 and that part of the log is not released; otherwise as
  /// write_checkpoint() of checkpoint.hpp. After a failure the checkpoint before stays valid and
  /// the journal goes on. Blocks.
  Result<CheckpointInfo> write_checkpoint(Lsn replay_from, const CheckpointFill& fill);

  /// Writes a backup as of the last durable record to `target`, a new or empty directory, while the
  /// log goes on. Meanwhile no segment is released, and no checkpoint is removed while it is copied.
  /// Fails with `draining` (another backup is being written), `foreign_file` (the target is not
  /// empty), `storage_full` (the target has no room, or the log needs the segments that the backup
  /// keeps), `corrupt`, `storage_failed`, or the error of `may_go_on`, which is asked for each MiB.
  /// Blocks for as long as the copying takes.
  [[nodiscard]] Result<Manifest> back_up(const FileSystem::Path& target,
                                         const BackupIdentity& identity, std::int64_t at_us,
                                         const std::function<Result<void>()>& may_go_on);

  /// Releases the segments before `segment`, but none that a start from the newest checkpoint
  /// reads. Therefore releases nothing before the first checkpoint.
  /// REQUIRES: no live message's body lies in the segments before `segment`.
  void release_before(SegmentNumber segment);

  /// The segments that a start does not replay, oldest first: release_before() may release them.
  /// Empty before the first checkpoint.
  [[nodiscard]] std::vector<SegmentInfo> segments_before_replay() const;

  /// Whether room is short: beyond the reserve there is room for less than a quarter of the length
  /// of the log, or the reserve cannot be kept complete. The node then accepts no new work, and
  /// continues accepted work and compaction.
  [[nodiscard]] bool storage_full() const;

  /// Whether storage_full() holds and only the room for finishing is left: a sixteenth of the log,
  /// and the part of the reserve for records that make room. That suffices for outcomes in flight
  /// and for compacting all live messages once. The node then begins nothing else that needs room.
  [[nodiscard]] bool storage_exhausted() const;

  /// Bytes that this process may still allocate in the file system of the data directory. Blocks on
  /// one system call. Fails with `storage_failed`.
  [[nodiscard]] Result<std::uint64_t> free_bytes() const;

  /// Bytes written since the newest checkpoint began, plus the segments that the start replayed if
  /// no checkpoint was written since. A node that crashes before its checkpoint therefore writes
  /// one soon after the next start.
  [[nodiscard]] std::uint64_t bytes_since_checkpoint() const;

  [[nodiscard]] JournalStats stats() const;

  /// Lets all records use the whole reserve from now on. For a shutdown, when no further records
  /// that make room are expected.
  void open_reserve();

  /// Refuses further appends, writes and confirms the appended records, writes a mark, and joins
  /// all threads. On a full disk, records for which there is no segment stay unconfirmed. Blocks.
  /// A second call does nothing. REQUIRES: not called by the listener, nor concurrently.
  void stop();

 private:
  class Parts;
  class SegmentPin;
  explicit Journal(std::unique_ptr<Parts> parts);

  std::unique_ptr<Parts> parts_;
};

}  // namespace millrace::journal
