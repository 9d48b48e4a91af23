// JournalCopySource: the log in a data directory, as it is copied to another engine.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "actors/journal/disk/data_directory.hpp"
#include "actors/journal/recovery.hpp"
#include "actors/log/copy.hpp"

namespace millrace::journal {

class JournalCopySource final : public logs::CopySource {
 public:
  /// Locks the directory at `path` and checks its whole log. `target`: of an earlier attempt to copy
  /// to the same place (logs::CopyTarget::where()), which may have given the directory up before it
  /// was complete. Fails with `not_found` (no data directory), `storage_locked` (a node runs on it),
  /// `outdated` (the log has moved to another place), `foreign_file`, `unsupported_version`, `corrupt`,
  /// `storage_failed`. REQUIRES: `files` outlives the result.
  static Result<std::unique_ptr<JournalCopySource>> open(FileSystem& files,
                                                         const FileSystem::Path& path,
                                                         const std::string& target);

  [[nodiscard]] const logs::CopyExtent& extent() const override { return extent_; }
  [[nodiscard]] bool was_given_up() const override { return was_given_up_; }
  Result<void> visit_records(const FrameVisitor& visit) override;
  Result<void> visit_checkpoint(const EntryVisitor& visit) override;
  /// Writes the file `moved`.
  Result<void> give_up(const std::string& target) override;

 private:
  explicit JournalCopySource(DataDirectory directory) : directory_(std::move(directory)) {}
  Result<void> find_extent();

  DataDirectory directory_;
  Recovered recovered_;
  logs::CopyExtent extent_;
  bool was_given_up_ = false;
};

}  // namespace millrace::journal
