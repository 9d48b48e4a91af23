// PostgresLog: a running log whose records are rows of a database.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "actors/log/log.hpp"
#include "actors/postgres_log/cold_reader.hpp"
#include "actors/postgres_log/keeper.hpp"
#include "actors/postgres_log/lease.hpp"
#include "actors/postgres_log/log_tables.hpp"
#include "actors/postgres_log/options.hpp"
#include "actors/postgres_log/segment_map.hpp"
#include "actors/postgres_log/stored_files.hpp"
#include "actors/postgres_log/writer.hpp"

namespace millrace::postgres_log {

/// See logs::Log. Has three threads, the writer, the keeper and the lease, and options.groups_max + 2
/// connections, with one more for each read or checkpoint at a time.
class PostgresLog final : public logs::Log {
 public:
  using logs::Log::append;
  using logs::Log::read;

  /// Continues the log that `tables` shows, of which `checkpoint_number` is the highest number of any
  /// checkpoint. `lease`: of its seat. REQUIRES: listener and connector outlive the log.
  PostgresLog(const Options& options, Connector& connector, const LogTables& tables,
              std::uint64_t checkpoint_number, std::unique_ptr<Lease> lease,
              logs::Listener& listener);
  ~PostgresLog() override { stop(); }

  Result<void> append(std::span<std::shared_ptr<logs::Proposal>> proposals) override {
    return writer_.append(proposals);
  }
  Result<void> read(std::span<const Place> places, const PlaceVisitor& visit) override {
    return reader_.read(places, visit);
  }
  Result<logs::CheckpointInfo> write_checkpoint(Lsn replay_from,
                                                const logs::CheckpointFill& fill) override;
  void release_before(SegmentNumber segment) override;
  [[nodiscard]] std::vector<SegmentInfo> segments_before_replay() const override {
    return segments_.list_before(keep_from_);
  }
  [[nodiscard]] std::uint64_t segment_bytes() const override { return options_.segment_bytes; }
  [[nodiscard]] bool storage_full() const override { return writer_.is_full(); }
  [[nodiscard]] bool storage_exhausted() const override { return writer_.is_full(); }
  [[nodiscard]] std::chrono::milliseconds full_interval() const override {
    return options_.full_retry;
  }
  [[nodiscard]] Result<std::optional<std::uint64_t>> free_bytes() const override {
    return std::optional<std::uint64_t>{};
  }
  [[nodiscard]] bool is_reachable() const override { return writer_.reachability().is_reachable(); }
  [[nodiscard]] bool refuses_work() const override {
    return writer_.reachability().is_out_of_patience();
  }
  [[nodiscard]] std::uint64_t bytes_since_checkpoint() const override {
    return replayed_bytes_ + writer_.counters().bytes - covered_bytes_;
  }
  [[nodiscard]] logs::LogStats stats() const override;
  [[nodiscard]] Result<logs::BackupInfo> back_up(
      const std::filesystem::path& target, const logs::BackupIdentity& identity, std::int64_t at_us,
      const std::function<Result<void>()>& may_go_on) override;
  [[nodiscard]] logs::FileStore* files() override { return &files_; }
  void stop() override;

 private:
  const Options options_;
  const Owner owner_;
  Connector& connector_;
  Interrupt interrupt_;  ///< raised by stop(), when the server has had its time
  SegmentMap segments_;
  std::uint64_t replayed_bytes_ = 0;  ///< of the segments that the start read

  std::mutex checkpoint_mutex_;  ///< held while a checkpoint is written; guards its number
  std::uint64_t checkpoint_number_;
  std::atomic<SegmentNumber> keep_from_ = 0;      ///< first segment that a start reads; 0: all
  std::atomic<std::uint64_t> covered_bytes_ = 0;  ///< <= replayed and written bytes

  ColdReader reader_;
  Keeper keeper_;
  Writer writer_;
  StoredFiles files_;
  const std::unique_ptr<Lease> lease_;
};

}  // namespace millrace::postgres_log
