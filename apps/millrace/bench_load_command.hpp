// millrace bench publish, millrace bench consume.
#pragma once

#include "apps/cli/command_line.hpp"

namespace millrace::cli {

// As those of command_line.hpp.
void add_bench_publish(CLI::App& group, Action& action);
void add_bench_consume(CLI::App& group, Action& action);

}  // namespace millrace::cli
