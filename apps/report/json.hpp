// Writes a RunReport as JSON.
#pragma once

#include <string>

#include "apps/report/run_report.hpp"

namespace millrace::report {

/// Content of report.json, in the format of docs/formats/report.md. Invalid UTF-8 is replaced by
/// U+FFFD.
[[nodiscard]] std::string to_json(const RunReport& report);

}  // namespace millrace::report
