// Writes the report to disk.
#pragma once

#include <filesystem>

#include "apps/report/run_report.hpp"
#include "messages/result.hpp"

namespace millrace::report {

/// Writes index.html and report.json to `directory`; creates it if missing. Replaces each file
/// atomically. Blocks. Fails with `storage_failed`.
[[nodiscard]] Result<void> write_report(const RunReport& report,
                                        const std::filesystem::path& directory);

}  // namespace millrace::report
