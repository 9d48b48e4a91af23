// Logging of a node: to stderr, as text or as one JSON object per line.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include <spdlog/formatter.h>

#include "cluster/config/config.hpp"

namespace millrace::serve {

/// Lines of the log that wait to be written; beyond, the oldest are dropped.
inline constexpr std::size_t log_queue_lines = 8'192;

/// Formats each log entry as one line {"time", "level", "node", "thread", "message"}. Escapes the
/// message; replaces invalid UTF-8. Times are UTC, RFC 3339.
[[nodiscard]] std::unique_ptr<spdlog::formatter> json_formatter(std::string node);

/// Configures the default logger of the process: lines go through a queue of log_queue_lines to a
/// thread that writes them; see actors/base/log_queue.hpp. Called once. At the end of the process the
/// rest of the queue is written, for at most a second.
void set_up_log(const config::LogConfig& config, const std::string& node);

/// The process has become this node: lines of JSON name it from now on. Thread-safe.
void set_log_node(const std::string& node);

/// Changes the minimum severity. Thread-safe.
void set_log_level(config::LogLevel level);

}  // namespace millrace::serve
