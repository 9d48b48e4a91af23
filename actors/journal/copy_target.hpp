// JournalCopyTarget: a data directory that is written as the copy of another log.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "actors/journal/disk/data_directory.hpp"
#include "actors/journal/disk/durable_point.hpp"
#include "actors/journal/disk/files.hpp"
#include "actors/journal/format/format.hpp"
#include "actors/journal/write/options.hpp"
#include "actors/log/copy.hpp"

namespace millrace::journal {

class JournalCopyTarget final : public logs::CopyTarget {
 public:
  /// Makes the directory at `path`, which must be new or empty. Fails with `invalid_argument` (an
  /// option is out of range) and as DataDirectory::make_unfinished(). REQUIRES: `files` outlives the
  /// result.
  static Result<std::unique_ptr<JournalCopyTarget>> open(FileSystem& files,
                                                         const FileSystem::Path& path,
                                                         const Options& options);
  ~JournalCopyTarget() override;

  /// What where() returns for a directory at `path`.
  [[nodiscard]] static std::string where(const FileSystem::Path& path);

  [[nodiscard]] std::string where() const override { return where(directory_.path()); }
  Result<logs::Place> add(const logs::Frame& frame) override;
  Result<void> write_checkpoint(logs::Lsn replay_from, const logs::CheckpointFill& fill) override;
  Result<void> prepare() override;
  Result<void> complete() override;

 private:
  JournalCopyTarget(DataDirectory directory, const Options& options)
      : directory_(std::move(directory)), options_(options) {}

  Result<void> open_segment(logs::Lsn first_lsn, std::uint64_t frame_bytes);
  Result<void> close_segment();
  Result<void> write_group();

  DataDirectory directory_;
  const Options options_;
  std::vector<FileSystem::Path> written_;  ///< removed by the destructor, unless is_complete_
  bool is_complete_ = false;

  std::unique_ptr<File> file_;       ///< of the segment being written; null: none
  DurablePoint point_{};             ///< of that segment, as of the last record
  std::uint64_t segment_bytes_ = 0;  ///< its length
  std::uint64_t offset_ = 0;         ///< in the file, where the group being filled will be written
  std::string group_;                ///< frames of that group
  std::size_t last_frame_ = 0;       ///< in `group_`, where its last frame begins
  logs::Lsn durable_ = 0;            ///< last record of the group before it
};

}  // namespace millrace::journal
