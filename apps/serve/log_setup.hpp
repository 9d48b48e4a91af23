// Logging of a node: to stderr, as text or as one JSON object per line.
#pragma once

#include <memory>
#include <string>

#include <spdlog/formatter.h>

#include "cluster/config/config.hpp"

namespace millrace::serve {

/// Formats each log entry as one line {"time", "level", "node", "thread", "message"}. Escapes the
/// message; replaces invalid UTF-8. Times are UTC, RFC 3339.
[[nodiscard]] std::unique_ptr<spdlog::formatter> json_formatter(std::string node);

/// Configures the default logger of the process.
void set_up_log(const config::LogConfig& config, const std::string& node);

/// Changes the minimum severity. Thread-safe.
void set_log_level(config::LogLevel level);

}  // namespace millrace::serve
