// Prints the queues of a stopped node from its log. Blocks; fails while the node runs on a data directory.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "apps/cli/client/server_options.hpp"
#include "apps/cli/output.hpp"

namespace millrace::cli {

/// Prints all queues or, if `dead_letters`, all dead letter queues. Returns the exit code.
int list_stopped_queues(const LogOptions& log, bool dead_letters, Format format);

/// Prints the first `max` messages of a queue. Returns the exit code.
int peek_stopped_queue(const LogOptions& log, const std::string& queue, std::size_t max,
                       std::vector<std::string> columns, Format format);

}  // namespace millrace::cli
