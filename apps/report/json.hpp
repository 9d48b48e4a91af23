// The report as JSON, for programs.
#pragma once

#include <string>

#include "apps/report/run_report.hpp"

namespace millrace::report {

/// The content of report.json: fields in a fixed order, as docs/formats/report.md lists them. Text
/// that is not UTF-8 is replaced by U+FFFD.
[[nodiscard]] std::string to_json(const RunReport& report);

}  // namespace millrace::report
