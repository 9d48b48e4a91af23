// The node's log: records of all its shards, made durable in groups, confirmed in log order.
//
//   DataDirectory::open ──▶ recover ──▶ Journal::start ──▶ append … on_committed ──▶ stop
//
// Knows nothing of what a record means. Layout on disk: docs/formats/journal.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

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

/// A log that is being written. All calls may come from any thread, also from within
/// Listener::on_committed, except stop() and the destructor.
class Journal {
 public:
  /// Goes on where `recovered`, just read from `directory`, ends; in a new segment. `directory`
  /// must have been opened as writer, and stays locked until the journal is destroyed. `listener`
  /// must outlive the journal. First makes durable what was recovered. Fails with
  /// `invalid_argument` for options out of range, `storage_failed`.
  static Result<std::unique_ptr<Journal>> start(DataDirectory directory, const Recovered& recovered,
                                                const Options& options, Listener& listener);

  /// Stops, if stop() was not called.
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  /// Adds `proposal` to the log, behind all whose append returned before; the listener hears when
  /// it is durable. Its body must stay as it is until then. Does not wait for I/O. Fails with
  /// `too_large`, `draining` (after stop), `storage_failed` (after on_failed); then the listener
  /// will not hear of it.
  Result<void> append(std::shared_ptr<Proposal> proposal);

  /// Adds all of `proposals`, moved from, next to each other, or none.
  Result<void> append(std::span<std::shared_ptr<Proposal>> proposals);

  /// Body of the confirmed frame at `place`. Fails as the batched read() does. Blocks for a read.
  Result<std::string> read(Place place);

  /// Visits the frames at `places`, best many at once, in the order of the log; never waits for
  /// the writer. Fails with `not_found` (released), `corrupt` (no intact frame begins there; file
  /// and offset are named), `storage_failed`, or what `visit` fails with. Blocks.
  Result<void> read(std::span<const Place> places, const PlaceVisitor& visit);

  /// Makes a checkpoint from which a start replays the records from `replay_from` on, at most
  /// stats().durable_lsn + 1 and not yet released (`invalid_argument`). One at a time: a second
  /// caller waits. `storage_full` and failures of `fill` are not fatal: the checkpoint before
  /// stays. See write_checkpoint(). Blocks.
  Result<CheckpointInfo> write_checkpoint(Lsn replay_from, const CheckpointFill& fill);

  /// Gives up the segments before `segment`: nothing in them is needed any more. Never gives up
  /// what a start from the newest checkpoint reads, so it frees nothing before the first one.
  void release_before(SegmentNumber segment);

  /// Segments before the one from which a start replays, oldest first: nothing but what their
  /// records still mean holds them. Empty before the first checkpoint.
  [[nodiscard]] std::vector<SegmentInfo> settled_segments() const;

  /// Room is short: beside the reserve, less is spare than a quarter of what the log takes; or the
  /// reserve cannot be kept up. Take no new work, finish and clean up the old.
  [[nodiscard]] bool storage_full() const;

  /// Short, and what is left is kept: a sixteenth of the log and the part of the reserve that is
  /// for records that make room. That does for what is under way and for writing all that is live
  /// once again. Begin nothing else that needs room.
  [[nodiscard]] bool storage_exhausted() const;

  /// Bytes of log since the newest checkpoint began, with what the start replayed: a start after a
  /// crash soon makes the checkpoint that the crash prevented.
  [[nodiscard]] std::uint64_t bytes_since_checkpoint() const;

  [[nodiscard]] JournalStats stats() const;

  /// Histograms of append and sync durations and counters, live.
  [[nodiscard]] const GroupCounters& counters() const;

  /// No records that make room will come any more: what is kept for them is for all from here on.
  void open_reserve();

  /// Writes and confirms what was appended, marks the end of the log, ends all threads. On a full
  /// disk, what has no segment stays unconfirmed. Blocks. A second call does nothing.
  void stop();

 private:
  class Parts;
  explicit Journal(std::unique_ptr<Parts> parts);

  std::unique_ptr<Parts> parts_;
};

}  // namespace millrace::journal
