#include "actors/journal/journal.hpp"

#include <algorithm>
#include <atomic>
#include <limits>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "actors/journal/disk/durable_point.hpp"
#include "actors/journal/read/segment_table.hpp"
#include "actors/journal/write/group_commit.hpp"
#include "actors/journal/write/segment_pool.hpp"

namespace millrace::journal {

namespace {

/// The share of the log's length that is kept free for compaction. Compacting the whole log writes
/// its live messages again and releases their old segments on the way. What remains is the padding:
/// half a block for each step of a compaction and half a step for each segment, 1.2 % of the log
/// with the default sizes. A sixteenth leaves a margin.
constexpr std::uint64_t compaction_divisor = 16;

/// Makes the recovered segments durable. A killed process may have left writes in the disk's cache;
/// recovery has read them, and the node relies on them from now on.
Result<void> sync_segments(const DataDirectory& directory, const std::vector<SegmentInfo>& live) {
  for (const SegmentInfo& info : live) {
    const FileSystem::Path path = directory.segment_path(info.number);
    Result<std::unique_ptr<File>> file =
        directory.files().open(path, OpenMode::write, Access::direct);
    if (!file) return file.error();
    if (Result<void> synced = (*file)->sync(); !synced) return synced;
  }
  return {};
}

}  // namespace

/// The parts of a journal. The pool's thread calls `commit`, so the pool starts after `commit`.
/// Flushers that end still need segments, so the pool stops after `commit`.
class Journal::Parts {
 public:
  Parts(DataDirectory opened, std::unique_ptr<DurablePointWriter> point, const Recovered& recovered,
        const Options& options, Listener& listener)
      : directory(std::move(opened)),
        segment_bytes(options.segment_bytes),
        allocate_retry(options.allocate_retry),
        make_room_bytes(options.make_room_segments() * options.segment_bytes),
        segments(directory, recovered.end.live, options.direct ? Access::direct : Access::buffered),
        reader(segments),
        durable_point(std::move(point)),
        pool(directory, options, segments, recovered.end.last_number + 1, recovered.end.unopened),
        commit(options, recovered.end.last_lsn, recovered.end.superseded, segments, pool,
               *durable_point, listener),
        checkpoint_number(recovered.last_checkpoint_number) {
    if (recovered.checkpoint) {
      newest_checkpoint = recovered.checkpoint->number;
      pool.keep_free(recovered.checkpoint->bytes);
      keep_from = first_needed(recovered.start.replay_from, recovered.end.last_lsn);
    }
    for (const SegmentInfo& info : recovered.end.live) {
      if (info.number >= keep_from) replayed_bytes += info.bytes;
    }
  }

  /// The segment in which a start that replays from `replay_from` begins to read. If that record is
  /// not durable yet, the segment of the last durable record: the segment that is open for
  /// `replay_from` may not have its header on disk yet.
  SegmentNumber first_needed(Lsn replay_from, Lsn durable_lsn) const {
    return segments.segment_holding(std::min(replay_from, durable_lsn));
  }

  /// Bytes written, and replayed by the start. Grows only.
  std::uint64_t log_bytes() const {
    return replayed_bytes + commit.counters().bytes.load(std::memory_order_relaxed);
  }

  /// See LogStats::room_bytes.
  std::uint64_t room() const { return commit.room() + pool.ready() * segment_bytes; }

  /// See LogStats::spare_bytes.
  std::uint64_t spare() const { return commit.room() + pool.spare_bytes(); }

  DataDirectory directory;
  const std::uint64_t segment_bytes;
  const std::chrono::milliseconds allocate_retry;
  const std::uint64_t make_room_bytes;  ///< part of the reserve for records that make room
  SegmentTable segments;
  ColdReader reader;
  std::unique_ptr<DurablePointWriter> durable_point;
  SegmentPool pool;
  GroupCommit commit;

  std::mutex checkpoint_mutex;          ///< held while a checkpoint is written
  std::uint64_t checkpoint_number;      ///< of the last attempt; guarded by checkpoint_mutex
  std::uint64_t newest_checkpoint = 0;  ///< number; 0: none; guarded by checkpoint_mutex
  std::mutex backup_mutex;              ///< held while a backup is written
  std::mutex release_mutex;             ///< guards pinned_from; held while segments are released
  SegmentNumber pinned_from = std::numeric_limits<SegmentNumber>::max();  ///< kept for a backup
  std::atomic<SegmentNumber> keep_from = 0;  ///< first segment that a start reads; 0: all of them
  std::uint64_t replayed_bytes = 0;  ///< length of the segments that the start replayed; constant
  std::atomic<std::uint64_t> bytes_covered = 0;  ///< log_bytes() when the newest checkpoint began
};

/// Keeps all segments of the log from being released.
class Journal::SegmentPin {
 public:
  explicit SegmentPin(Parts& parts) : parts_(parts) {
    const std::lock_guard lock{parts_.release_mutex};
    parts_.pinned_from = parts_.segments.first();
  }
  ~SegmentPin() {
    const std::lock_guard lock{parts_.release_mutex};
    parts_.pinned_from = std::numeric_limits<SegmentNumber>::max();
  }
  SegmentPin(const SegmentPin&) = delete;
  SegmentPin& operator=(const SegmentPin&) = delete;

 private:
  Parts& parts_;
};

Journal::Journal(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Journal::~Journal() {
  stop();
}

Result<std::unique_ptr<Journal>> Journal::start(DataDirectory directory, const Recovered& recovered,
                                                const Options& options, Listener& listener) {
  if (Result<void> valid = validate(options); !valid) return valid.error();
  if (Result<void> synced = sync_segments(directory, recovered.end.live); !synced) {
    return synced.error();
  }
  Result<std::unique_ptr<DurablePointWriter>> point = DurablePointWriter::open(directory);
  if (!point) return point.error();
  if (!recovered.end.live.empty()) {
    // Before the pool reuses segments that are not part of the log.
    const SegmentInfo& newest = recovered.end.live.back();
    const Result<void> noted =
        (*point)->write(newest.number, newest.first_lsn, recovered.end.last_lsn);
    if (!noted) return noted.error();
  }
  auto parts = std::make_unique<Parts>(std::move(directory), *std::move(point), recovered, options,
                                       listener);
  parts->commit.start();
  parts->pool.start(parts->commit);
  return std::unique_ptr<Journal>{new Journal{std::move(parts)}};
}

Result<void> Journal::append(std::span<std::shared_ptr<Proposal>> proposals) {
  return parts_->commit.append(proposals);
}

Result<void> Journal::read(std::span<const Place> places, const PlaceVisitor& visit) {
  return parts_->reader.read(places, visit);
}

Result<logs::CheckpointInfo> Journal::write_checkpoint(Lsn replay_from,
                                                       const CheckpointFill& fill) {
  const std::lock_guard lock{parts_->checkpoint_mutex};
  const Lsn durable = parts_->commit.durable();
  if (replay_from < 1 || replay_from > durable + 1) {
    return Error{ErrorCode::invalid_argument, "checkpoint: replay_from is " +
                                                  std::to_string(replay_from) + ", expected 1 to " +
                                                  std::to_string(durable + 1)};
  }
  if (durable > 0 && parts_->first_needed(replay_from, durable) == 0) {
    return Error{ErrorCode::invalid_argument, "checkpoint: replay_from is " +
                                                  std::to_string(replay_from) +
                                                  ", expected a record that is not released"};
  }
  const std::uint64_t bytes = parts_->log_bytes();
  // A failed attempt may have got as far as the rename, so no attempt uses a number again.
  const std::uint64_t number = ++parts_->checkpoint_number;
  const Result<CheckpointFileInfo> written =
      journal::write_checkpoint(parts_->directory, number, {replay_from, durable}, fill);
  if (!written) return written.error();
  parts_->newest_checkpoint = number;
  parts_->pool.keep_free(written->bytes);
  parts_->keep_from.store(parts_->first_needed(replay_from, durable));
  parts_->bytes_covered.store(bytes, std::memory_order_relaxed);
  return logs::CheckpointInfo{number, replay_from, written->entries, written->bytes};
}

Result<logs::BackupInfo> Journal::back_up(const std::filesystem::path& target,
                                          const BackupIdentity& identity, std::int64_t at_us,
                                          const std::function<Result<void>()>& may_go_on) {
  const std::unique_lock one{parts_->backup_mutex, std::try_to_lock};
  if (!one.owns_lock()) return Error{ErrorCode::draining, "another backup is being written"};
  BackupWriter backup{parts_->directory, target};
  if (Result<void> done = backup.begin(); !done) return done.error();
  const SegmentPin pin{*parts_};
  {
    std::unique_lock lock{parts_->checkpoint_mutex};
    const std::uint64_t checkpoint = parts_->newest_checkpoint;
    if (checkpoint != 0) {
      const auto pinned = backup.pin_checkpoint(checkpoint);
      if (!pinned) return pinned.error();
      // Else no later checkpoint, which would let it be removed, is written until it is copied.
      if (*pinned) lock.unlock();
      const Result<void> done = backup.add_checkpoint(checkpoint, may_go_on);
      if (!done) return done.error();
    }
  }
  const Lsn durable = parts_->commit.durable();
  std::vector<SegmentInfo> segments;
  if (durable > 0)
    segments = parts_->segments.before(parts_->segments.segment_holding(durable) + 1);
  const Result<void> copied = backup.add_log(segments, durable, [&]() -> Result<void> {
    if (!storage_exhausted()) return may_go_on();
    return Error{ErrorCode::storage_full,
                 "the disk of the node is full, and the log needs the segments that the backup "
                 "keeps; the backup was given up"};
  });
  if (!copied) return copied.error();
  const Result<Manifest> manifest = backup.finish(identity, at_us);
  if (!manifest) return manifest.error();
  return manifest->info();
}

void Journal::release_before(SegmentNumber segment) {
  const std::lock_guard lock{parts_->release_mutex};
  const SegmentNumber before = std::min({segment, parts_->keep_from.load(), parts_->pinned_from});
  for (const SegmentNumber number : parts_->segments.release_before(before)) {
    parts_->pool.recycle(number);
  }
}

std::vector<SegmentInfo> Journal::segments_before_replay() const {
  return parts_->segments.before(parts_->keep_from.load());
}

bool Journal::storage_full() const {
  return parts_->pool.is_short();
}

bool Journal::storage_exhausted() const {
  if (!parts_->pool.is_short()) return false;
  return parts_->spare() < parts_->make_room_bytes + parts_->segments.bytes() / compaction_divisor;
}

std::uint64_t Journal::segment_bytes() const {
  return parts_->segment_bytes;
}

std::chrono::milliseconds Journal::full_interval() const {
  return parts_->allocate_retry;
}

Result<std::optional<std::uint64_t>> Journal::free_bytes() const {
  const Result<std::uint64_t> bytes =
      parts_->directory.files().free_bytes(parts_->directory.path());
  if (!bytes) return bytes.error();
  return std::optional(*bytes);
}

std::uint64_t Journal::bytes_since_checkpoint() const {
  return parts_->log_bytes() - parts_->bytes_covered.load(std::memory_order_relaxed);
}

LogStats Journal::stats() const {
  const GroupCounters& counters = parts_->commit.counters();
  LogStats stats;
  stats.durable_lsn = parts_->commit.durable();
  stats.first_segment = parts_->segments.first();
  stats.current_segment = parts_->commit.current_segment();
  stats.segments = parts_->segments.size();
  stats.segments_ready = parts_->pool.ready();
  stats.room_bytes = parts_->room();
  stats.spare_bytes = parts_->spare();
  stats.records = counters.records.load(std::memory_order_relaxed);
  stats.bytes = counters.bytes.load(std::memory_order_relaxed);
  stats.bytes_since_checkpoint = bytes_since_checkpoint();
  stats.syncs = counters.syncs.load(std::memory_order_relaxed);
  stats.append_us_sum = counters.append.sum_us();
  stats.sync_us_sum = counters.sync.sum_us();
  stats.append_us = counters.append.buckets();
  stats.sync_us = counters.sync.buckets();
  return stats;
}

void Journal::open_reserve() {
  parts_->commit.open_reserve();
}

void Journal::stop() {
  parts_->commit.stop();
  parts_->pool.stop();
}

}  // namespace millrace::journal
