// How a node logs: to stderr, as text or as one JSON object a line.
#pragma once

#include <memory>
#include <string>

#include <spdlog/formatter.h>

#include "cluster/config/config.hpp"

namespace millrace::serve {

/// Lines {"time", "level", "node", "thread", "message"}, whatever the message holds; bytes that are
/// no UTF-8 are replaced. Time is UTC, RFC 3339.
[[nodiscard]] std::unique_ptr<spdlog::formatter> json_formatter(std::string node);

/// Makes the process log so, from now on.
void set_up_log(const config::LogConfig& config, const std::string& node);

/// Changes only what is logged. Any time.
void set_log_level(config::LogLevel level);

}  // namespace millrace::serve
