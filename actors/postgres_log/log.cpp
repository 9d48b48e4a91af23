#include "actors/postgres_log/log.hpp"

#include <algorithm>
#include <utility>

#include "actors/postgres_log/checkpoint_store.hpp"

namespace millrace::postgres_log {

PostgresLog::PostgresLog(const Options& options, Connector& connector, const LogTables& tables,
                         std::uint64_t checkpoint_number, std::unique_ptr<Lease> lease,
                         logs::Listener& listener)
    : options_(options),
      owner_{options.schema, options.node, tables.seat, tables.epoch},
      connector_(connector),
      segments_(tables.segments),
      checkpoint_number_(checkpoint_number),
      reader_(connector, interrupt_, options, tables.seat,
              [this](SegmentNumber segment) { return segments_.first_lsn_of(segment); }),
      keeper_(options, owner_, tables.newest, connector, listener),
      writer_(options, owner_, tables.last_lsn, connector, interrupt_, segments_, listener,
              [this] { keeper_.notify(); }),
      files_(options, owner_, connector, interrupt_, [this] { writer_.look(); }),
      lease_(std::move(lease)) {
  if (tables.checkpoint) {
    const SegmentInfo* const kept =
        tables.segment_holding(std::min(tables.replay_from(), tables.last_lsn));
    if (kept != nullptr) keep_from_ = kept->number;
  }
  for (const SegmentInfo& segment : tables.segments) {
    if (segment.number >= keep_from_) replayed_bytes_ += segment.bytes;
  }
  // Of a program of version 1, which went on behind the tables that it found.
  keeper_.drop_segments(tables.unused);
  // Made ahead by an earlier process, or cut off when this one took the log: their rows were removed.
  for (const SegmentNumber segment : tables.ready) writer_.add_segment(segment);
  writer_.start();
  keeper_.start(writer_);
  lease_->watch([this] { writer_.look(); });
}

Result<logs::CheckpointInfo> PostgresLog::write_checkpoint(Lsn replay_from,
                                                           const logs::CheckpointFill& fill) {
  const std::lock_guard one(checkpoint_mutex_);
  const Lsn durable = writer_.confirmed_lsn();
  const std::uint64_t covered = replayed_bytes_ + writer_.counters().bytes;
  if (replay_from < 1 || replay_from > durable + 1) {
    return Error{ErrorCode::invalid_argument, "a checkpoint before record " +
                                                  std::to_string(replay_from) + "; expected 1 to " +
                                                  std::to_string(durable + 1)};
  }
  const Lsn kept = std::min(replay_from, durable);
  const SegmentNumber keep_from = durable == 0 ? 0 : segments_.segment_holding(kept);
  if (durable > 0 && keep_from == 0) {
    return Error{
        ErrorCode::invalid_argument,
        "a checkpoint before record " + std::to_string(replay_from) + ", which was released"};
  }
  auto session = connector_.connect(interrupt_);
  if (!session) {
    const ErrorCode code = session.error().code;
    const bool is_final = code == ErrorCode::fenced || code == ErrorCode::storage_failed;
    return Error{is_final ? code : ErrorCode::log_unreachable, session.error().message};
  }
  auto written =
      postgres_log::write_checkpoint(**session, owner_, ++checkpoint_number_, replay_from, fill);
  if (!written) {
    if (written.error().code == ErrorCode::fenced) writer_.look();
    return written;
  }
  keep_from_ = keep_from;
  covered_bytes_ = covered;
  keeper_.drop_checkpoints_before(written->number);
  return written;
}

void PostgresLog::release_before(SegmentNumber segment) {
  const std::vector<SegmentNumber> released =
      segments_.release_before(std::min<SegmentNumber>(segment, keep_from_));
  if (!released.empty()) keeper_.drop_segments(released);
}

logs::LogStats PostgresLog::stats() const {
  const SegmentRange range = segments_.range();
  const logs::GroupCounters& counters = writer_.counters();
  logs::LogStats stats;
  stats.durable_lsn = writer_.confirmed_lsn();
  stats.first_segment = range.first;
  stats.current_segment = range.current;
  stats.segments = range.count;
  stats.segments_ready = writer_.segments_ready();
  stats.room_bytes = stats.spare_bytes = logs::unknown_bytes;
  stats.bytes_since_checkpoint = bytes_since_checkpoint();
  stats.records = counters.records;
  stats.bytes = counters.bytes;
  stats.syncs = counters.syncs;
  stats.outages = writer_.reachability().outages();
  stats.is_reachable = writer_.reachability().is_reachable();
  stats.has_server = true;
  stats.in_doubt = writer_.in_doubt();
  stats.doubts = writer_.doubts();
  stats.epoch = owner_.epoch;
  stats.lease_left_us = lease_->left_us();
  stats.append_us_sum = counters.append.sum_us();
  stats.sync_us_sum = counters.sync.sum_us();
  stats.append_us = counters.append.buckets();
  stats.sync_us = counters.sync.buckets();
  return stats;
}

Result<logs::BackupInfo> PostgresLog::back_up(const std::filesystem::path& /*target*/,
                                              const logs::BackupIdentity& /*identity*/,
                                              std::int64_t /*at_us*/,
                                              const std::function<Result<void>()>& /*may_go_on*/) {
  return Error{ErrorCode::invalid_argument,
               "a log in PostgreSQL is backed up with its database: use pg_basebackup or the "
               "service's backups"};
}

void PostgresLog::stop() {
  writer_.stop();
  const bool is_reachable = writer_.reachability().is_reachable();
  keeper_.stop(is_reachable);
  lease_->stop(is_reachable);
}

}  // namespace millrace::postgres_log
