// Prints the queues of a stopped node from its data directory. Blocks; fails while the node runs.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "apps/cli/output.hpp"

namespace millrace::cli {

/// Prints all queues or, if `dead_letters`, all dead letter queues. Returns the exit code.
int list_stopped_queues(const std::string& data_dir, bool dead_letters, Format format);

/// Prints the first `max` messages of a queue. Returns the exit code.
int peek_stopped_queue(const std::string& data_dir, const std::string& queue, std::size_t max,
                       std::vector<std::string> columns, Format format);

}  // namespace millrace::cli
