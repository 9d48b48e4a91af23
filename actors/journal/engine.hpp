// JournalEngine: the journal as an engine behind actors/log/.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "actors/journal/disk/files.hpp"
#include "actors/journal/write/options.hpp"
#include "actors/log/engine.hpp"

namespace millrace::journal {

/// The log in the data directory at a path. Never waits for another process: open() fails with
/// `storage_locked` if a node, or for a writer a tool, has the directory open. As reader, the log
/// ends with the last intact record, and nothing is appended while it is open.
class JournalEngine final : public logs::Engine {
 public:
  /// REQUIRES: `files` outlives the engine and the logs that it opens.
  explicit JournalEngine(std::filesystem::path data_dir, const Options& options = {},
                         FileSystem& files = posix_file_system());

  [[nodiscard]] Result<std::unique_ptr<logs::OpenedLog>> open(logs::Opener opener) override;
  [[nodiscard]] std::string where() const override { return data_dir_.string(); }

 private:
  const std::filesystem::path data_dir_;
  const Options options_;
  FileSystem& files_;
};

}  // namespace millrace::journal
