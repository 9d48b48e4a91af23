// The report on disk.
#pragma once

#include <filesystem>

#include "apps/report/run_report.hpp"
#include "messages/result.hpp"

namespace millrace::report {

/// Writes index.html and report.json into `directory`, which is made where it is missing. Each file
/// is complete or not there: a reader never sees half of one. Blocks.
/// Fails with `storage_failed` when the directory or a file cannot be written.
[[nodiscard]] Result<void> write_report(const RunReport& report,
                                        const std::filesystem::path& directory);

}  // namespace millrace::report
