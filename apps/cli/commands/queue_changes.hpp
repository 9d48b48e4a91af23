// millrace queue define|publish|purge and dlq redrive|drop: what changes the queues of running nodes.
#pragma once

#include "apps/cli/command_line.hpp"

namespace millrace::cli {

void add_define(CLI::App& group, Action& action);
void add_publish(CLI::App& group, Action& action);
void add_purge(CLI::App& group, Action& action);
void add_redrive(CLI::App& group, Action& action);
void add_drop(CLI::App& group, Action& action);

}  // namespace millrace::cli
