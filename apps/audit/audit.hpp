// Audits logs: of stopped nodes, in data directories or a database, or copies of directories, at any time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <vector>

#include "apps/audit/log/node_log.hpp"
#include "apps/audit/model/model.hpp"
#include "apps/audit/model/report.hpp"
#include "messages/result.hpp"

namespace millrace::audit {

/// One log, kept open, and its queues as the records say.
struct Directory {
  std::unique_ptr<NodeLog> log;
  Model model;
  std::uint64_t last_lsn = 0;
  bool is_whole = true;  ///< false: the rest of its log could not be read
};

struct Audit {
  std::vector<std::unique_ptr<Directory>> directories;
  Report report;
};

/// Checks each log alone, and what they state about each other. Changes nothing. Damage is a finding, not
/// an error. Fails with `unsupported_version`, `storage_failed`, `log_unreachable`. Blocks. Needs memory for
/// the states, histories and numbers of queued messages twice, for the longest segment, and 48 bytes for
/// each message whose record is still there.
[[nodiscard]] Result<Audit> audit(std::vector<std::unique_ptr<NodeLog>> logs);

/// The same for data directories. Fails also with `not_found` (no data directory), `storage_locked` (a node
/// runs on it).
[[nodiscard]] Result<Audit> audit(std::span<const std::filesystem::path> paths);

}  // namespace millrace::audit
