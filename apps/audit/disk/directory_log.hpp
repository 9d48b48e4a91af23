// The log in a data directory, or in a copy of one.
#pragma once

#include <filesystem>
#include <memory>

#include "apps/audit/log/node_log.hpp"
#include "messages/result.hpp"

namespace millrace::audit {

/// Opens the data directory at `path`. Fails with `not_found` (no data directory), `storage_locked` (a node
/// runs on it), `unsupported_version`, `storage_failed`. Blocks.
[[nodiscard]] Result<std::unique_ptr<NodeLog>> open_directory(const std::filesystem::path& path);

}  // namespace millrace::audit
