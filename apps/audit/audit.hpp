// Audits data directories: of stopped nodes, or copies, at any time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <vector>

#include "apps/audit/disk/data_files.hpp"
#include "apps/audit/model/model.hpp"
#include "apps/audit/model/report.hpp"
#include "messages/result.hpp"

namespace millrace::audit {

/// One directory: its files, locked, and its queues as the records say.
struct Directory {
  DataFiles files;
  Model model;
  std::uint64_t last_lsn = 0;
  bool is_whole = true;  ///< false: the rest of its log could not be read
};

struct Audit {
  std::vector<std::unique_ptr<Directory>> directories;
  Report report;
};

/// Checks each directory alone, and what they state about each other. Changes nothing on disk.
/// Damage is a finding, not an error. Fails with `not_found` (no data directory), `storage_locked`
/// (a node runs on it), `unsupported_version`, `storage_failed`. Blocks. Needs memory for the
/// states, histories and numbers of queued messages twice, for the longest segment, and 48 bytes for
/// each message whose record is still on disk.
[[nodiscard]] Result<Audit> audit(std::span<const std::filesystem::path> paths);

}  // namespace millrace::audit
