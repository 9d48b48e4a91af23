#include "actors/journal/journal.hpp"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <utility>
#include <vector>

#include "actors/journal/read/segment_table.hpp"
#include "actors/journal/write/group_commit.hpp"
#include "actors/journal/write/segment_pool.hpp"

namespace millrace::journal {

namespace {

/// The share of the log that is left over for packing it. To write all that is live again takes its
/// length, which is released on the way, and what groups leave unused: half a block for each step
/// of a compaction and half a step for each segment, 1.2 % with the default sizes.
constexpr std::uint64_t packing_divisor = 16;

/// Makes durable what a start has read: a killed process may have left writes in the disk's cache,
/// and what was read from there is relied on from now on.
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

/// What a journal consists of. The pool's thread calls into the commit part, so it is started last
/// and stopped last.
class Journal::Parts {
 public:
  Parts(DataDirectory opened, const Recovered& recovered, const Options& options,
        Listener& listener)
      : directory(std::move(opened)),
        segment_bytes(options.segment_bytes),
        make_room_bytes(options.make_room_segments() * options.segment_bytes),
        segments(directory, recovered.end.live, options.direct ? Access::direct : Access::buffered),
        reader(segments),
        pool(
            directory, options, recovered.end.last_number + 1, recovered.end.unopened,
            [this] { return segments.bytes(); },
            [this, &listener] {
              commit.segments_changed();
              if (pool.is_short()) listener.on_storage_full();
            },
            [this](const Error& error) { commit.fail(error); }),
        commit(options, recovered.end.last_lsn, recovered.end.superseded, segments, pool, listener),
        checkpoint_number(recovered.last_checkpoint_number) {
    if (recovered.checkpoint) {
      pool.keep_free(recovered.checkpoint->bytes);
      keep_from = first_needed(recovered.start.replay_from, recovered.end.last_lsn);
    }
    for (const SegmentInfo& info : recovered.end.live) {
      if (info.number >= keep_from) replayed_bytes += info.bytes;
    }
  }

  /// The segment where a start begins to read. That of the record before, if there is no durable
  /// record yet from which to replay: the next segment may be open here and not yet on the disk.
  SegmentNumber first_needed(Lsn replay_from, Lsn durable_lsn) const {
    return segments.segment_holding(std::min(replay_from, durable_lsn));
  }

  /// Bytes written since the checkpoint that the start found.
  std::uint64_t log_bytes() const {
    return replayed_bytes + commit.counters().bytes.load(std::memory_order_relaxed);
  }

  /// Bytes that can be written without a new segment.
  std::uint64_t room() const { return commit.room() + pool.ready() * segment_bytes; }

  /// Bytes that can be written before something must be released.
  std::uint64_t spare() const { return commit.room() + pool.spare_bytes(); }

  DataDirectory directory;
  const std::uint64_t segment_bytes;
  const std::uint64_t make_room_bytes;  ///< kept for records that make room
  SegmentTable segments;
  ColdReader reader;
  SegmentPool pool;
  GroupCommit commit;

  std::mutex checkpoint_mutex;
  std::uint64_t checkpoint_number;               ///< of the newest checkpoint file
  std::atomic<SegmentNumber> keep_from = 0;      ///< first segment that a start reads; 0: all
  std::uint64_t replayed_bytes = 0;              ///< by the start, in whole segments
  std::atomic<std::uint64_t> bytes_covered = 0;  ///< of log_bytes(), when the newest one was begun
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
  auto parts = std::make_unique<Parts>(std::move(directory), recovered, options, listener);
  parts->commit.start();
  parts->pool.start();
  return std::unique_ptr<Journal>{new Journal{std::move(parts)}};
}

Result<void> Journal::append(std::shared_ptr<Proposal> proposal) {
  return parts_->commit.append({&proposal, 1});
}

Result<void> Journal::append(std::span<std::shared_ptr<Proposal>> proposals) {
  return parts_->commit.append(proposals);
}

Result<std::string> Journal::read(Place place) {
  std::string body;
  const Result<void> done = read({&place, 1}, [&](std::size_t, const Frame& frame) {
    body.assign(frame.body);
    return Result<void>{};
  });
  if (!done) return done.error();
  return body;
}

Result<void> Journal::read(std::span<const Place> places, const PlaceVisitor& visit) {
  return parts_->reader.read(places, visit);
}

Result<CheckpointInfo> Journal::write_checkpoint(Lsn replay_from, const CheckpointFill& fill) {
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
                                                  ", but that part of the log was released"};
  }
  const std::uint64_t bytes = parts_->log_bytes();
  // A failed attempt may have come as far as the rename, so its number is not used again.
  const std::uint64_t number = ++parts_->checkpoint_number;
  Result<CheckpointInfo> written =
      journal::write_checkpoint(parts_->directory, number, {replay_from, durable}, fill);
  if (!written) return written;
  parts_->pool.keep_free(written->bytes);
  parts_->keep_from.store(parts_->first_needed(replay_from, durable));
  parts_->bytes_covered.store(bytes, std::memory_order_relaxed);
  return written;
}

void Journal::release_before(SegmentNumber segment) {
  const SegmentNumber before = std::min(segment, parts_->keep_from.load());
  for (const SegmentNumber number : parts_->segments.release_before(before)) {
    parts_->pool.recycle(number);
  }
}

std::vector<SegmentInfo> Journal::settled_segments() const {
  return parts_->segments.before(parts_->keep_from.load());
}

bool Journal::storage_full() const {
  return parts_->pool.is_short();
}

bool Journal::storage_exhausted() const {
  if (!parts_->pool.is_short()) return false;
  return parts_->spare() < parts_->make_room_bytes + parts_->segments.bytes() / packing_divisor;
}

std::uint64_t Journal::bytes_since_checkpoint() const {
  return parts_->log_bytes() - parts_->bytes_covered.load(std::memory_order_relaxed);
}

JournalStats Journal::stats() const {
  const GroupCounters& counters = parts_->commit.counters();
  JournalStats stats;
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

const GroupCounters& Journal::counters() const {
  return parts_->commit.counters();
}

void Journal::open_reserve() {
  parts_->commit.open_reserve();
}

void Journal::stop() {
  parts_->commit.stop();
  parts_->pool.stop();
}

}  // namespace millrace::journal
