// The journal: the log of a node in files of its machine. Layout on disk: docs/formats/journal.md.
//
//   DataDirectory::open ──▶ recover ──▶ Journal::start ──▶ append ⇄ on_committed ──▶ stop
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "actors/journal/backup/backup.hpp"
#include "actors/journal/checkpoint/checkpoint.hpp"
#include "actors/journal/disk/data_directory.hpp"
#include "actors/journal/format/frame.hpp"
#include "actors/journal/read/cold_reader.hpp"
#include "actors/journal/recovery.hpp"
#include "actors/journal/write/options.hpp"
#include "actors/journal/write/proposal.hpp"
#include "actors/log/log.hpp"
#include "messages/result.hpp"

namespace millrace::journal {

/// The log in files of this machine. It has a reserve: see Options. It never waits for a server, and
/// the lock of the data directory keeps a second writer out, so it is always reachable and is never
/// fenced.
class Journal final : public logs::Log {
 public:
  using Log::append;
  using Log::read;

  /// Continues the log that `recovered` describes, in a new segment. First syncs the segments that
  /// recovery has read, because a killed process may have left them in the disk's cache. Blocks.
  /// Fails with `invalid_argument` (an option is out of range), `storage_failed`.
  /// REQUIRES: `directory` was opened as writer, and `recovered` was read from it since then;
  /// `listener` must remain live until the journal is destroyed. The journal owns `directory` and
  /// keeps it locked until it is destroyed.
  static Result<std::unique_ptr<Journal>> start(DataDirectory directory, const Recovered& recovered,
                                                const Options& options, Listener& listener);

  ~Journal() override;

  Result<void> append(std::span<std::shared_ptr<Proposal>> proposals) override;
  Result<void> read(std::span<const Place> places, const PlaceVisitor& visit) override;
  Result<logs::CheckpointInfo> write_checkpoint(Lsn replay_from,
                                                const CheckpointFill& fill) override;
  void release_before(SegmentNumber segment) override;
  [[nodiscard]] std::vector<SegmentInfo> segments_before_replay() const override;
  [[nodiscard]] std::uint64_t segment_bytes() const override;

  /// Beyond the reserve there is room for less than a quarter of the length of the log, or the
  /// reserve cannot be kept complete.
  [[nodiscard]] bool storage_full() const override;

  /// Only a sixteenth of the log is left, and the part of the reserve for records that make room.
  [[nodiscard]] bool storage_exhausted() const override;

  [[nodiscard]] std::chrono::milliseconds full_interval() const override;
  [[nodiscard]] Result<std::optional<std::uint64_t>> free_bytes() const override;
  [[nodiscard]] std::uint64_t bytes_since_checkpoint() const override;
  [[nodiscard]] LogStats stats() const override;
  void open_reserve() override;
  [[nodiscard]] Result<logs::BackupInfo> back_up(
      const std::filesystem::path& target, const BackupIdentity& identity, std::int64_t at_us,
      const std::function<Result<void>()>& may_go_on) override;

  /// Writes a mark as its last group, which states how far the log is durable.
  void stop() override;

 private:
  class Parts;
  class SegmentPin;
  explicit Journal(std::unique_ptr<Parts> parts);

  std::unique_ptr<Parts> parts_;
};

}  // namespace millrace::journal
