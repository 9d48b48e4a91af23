// ModelLog: the running log of a ModelEngine.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <thread>
#include <vector>

#include "actors/log/log.hpp"
#include "tests/log/model_engine.hpp"
#include "tests/log/model_server.hpp"

namespace millrace::logs {

/// Visits the records at `places` that `data` holds, in log order. Fails with `not_found`.
Result<void> visit(const ModelData& data, std::span<const Place> places, const PlaceVisitor& visit);

class ModelLog final : public Log {
 public:
  using Log::append;
  using Log::read;

  /// Continues the log that `data` shows, under its epoch.
  ModelLog(ModelServer& server, ModelClient client, const ModelOptions& options,
           const ModelData& data, Listener& listener);
  ~ModelLog() override { stop(); }

  Result<void> append(std::span<std::shared_ptr<Proposal>> proposals) override;
  Result<void> read(std::span<const Place> places, const PlaceVisitor& visit) override;
  Result<CheckpointInfo> write_checkpoint(Lsn replay_from, const CheckpointFill& fill) override;
  void release_before(SegmentNumber segment) override;
  [[nodiscard]] std::vector<SegmentInfo> segments_before_replay() const override;
  [[nodiscard]] std::uint64_t segment_bytes() const override;
  [[nodiscard]] bool storage_full() const override { return is_full_; }
  [[nodiscard]] bool storage_exhausted() const override { return is_full_; }
  [[nodiscard]] std::chrono::milliseconds full_interval() const override;
  [[nodiscard]] Result<std::optional<std::uint64_t>> free_bytes() const override {
    return std::optional<std::uint64_t>();
  }
  [[nodiscard]] bool is_reachable() const override { return is_reachable_; }
  [[nodiscard]] bool refuses_work() const override { return refuses_work_; }
  [[nodiscard]] std::uint64_t bytes_since_checkpoint() const override;
  [[nodiscard]] LogStats stats() const override;
  [[nodiscard]] Result<BackupInfo> back_up(const std::filesystem::path& target,
                                           const BackupIdentity& identity, std::int64_t at_us,
                                           const std::function<Result<void>()>& may_go_on) override;
  void stop() override;

 private:
  /// Records whose commit is in flight.
  struct Group {
    SegmentNumber segment = 0;
    std::uint64_t bytes = 0;
    std::vector<Committed> records;
    std::vector<ModelRow> rows;

    [[nodiscard]] Lsn last_lsn() const { return records.back().lsn; }
  };
  enum class End : std::uint8_t { confirmed, failed, given_up };

  void run();
  [[nodiscard]] std::optional<Group> next_group();
  [[nodiscard]] End commit(const Group& group);
  [[nodiscard]] Result<void> write(const Group& group);
  [[nodiscard]] Result<void> settle(const Group& group);
  void report_outage(const Error& error);
  [[nodiscard]] bool wait_while_full();
  [[nodiscard]] Result<bool> await_server(const Group& group);
  void confirm(Group& group);
  void fail(const Error& error);
  [[nodiscard]] Result<void> check(const ModelData& data) const;
  [[nodiscard]] SegmentNumber segment_holding(Lsn lsn) const;

  ModelServer& server_;
  const ModelClient client_;
  const ModelOptions options_;
  const std::uint64_t epoch_;
  Listener& listener_;

  mutable std::mutex mutex_;  ///< guards the fields down to the atomic ones
  std::condition_variable changed_;
  std::deque<std::shared_ptr<Proposal>> pending_;
  std::optional<Error> failure_;
  Lsn next_lsn_;
  Lsn durable_lsn_;
  SegmentNumber newest_;       ///< highest number of any segment
  SegmentNumber current_ = 0;  ///< being written; 0 before the first write
  std::map<SegmentNumber, SegmentInfo> segments_;
  SegmentNumber keep_from_ = 0;  ///< first segment that a start reads; 0: all
  std::uint64_t checkpoint_number_ = 0;
  std::uint64_t log_bytes_ = 0;  ///< written, and replayed by the start
  std::uint64_t written_bytes_ = 0;
  std::uint64_t covered_bytes_ = 0;  ///< log_bytes_ when the newest checkpoint began
  std::uint64_t records_ = 0;
  std::uint64_t syncs_ = 0;
  std::uint64_t outages_ = 0;

  std::mutex checkpoint_mutex_;  ///< held while a checkpoint is written
  std::atomic<bool> is_stopping_ = false;
  std::atomic<bool> is_full_ = false;
  std::atomic<bool> is_reachable_ = true;
  std::atomic<bool> refuses_work_ = false;
  std::thread thread_;
};

}  // namespace millrace::logs
