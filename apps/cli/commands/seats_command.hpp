// The commands on the seats of a cluster whose logs lie in PostgreSQL.
#pragma once

#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "apps/cli/command_line.hpp"
#include "cluster/config/file/load.hpp"

namespace millrace::cli {

/// Adds --config and --set, neither of them required. Returns the first. REQUIRES: `inputs` outlives the
/// parsing.
CLI::Option* add_seat_config(CLI::App& command, config::Inputs& inputs);

/// Makes the seats `names` in the database of the configuration, and says for each what it did. Returns the
/// exit status. Blocks.
[[nodiscard]] int make_seats(const config::Inputs& inputs, const std::vector<std::string>& names);

/// Removes the seat `name` from the database of the configuration. It must hold nothing that counts: fails if
/// it owns shards or has messages, unless `accepts_loss`, which must be confirmed by `yes`. A process that
/// holds it ends. Blocks for a few seconds. Returns the exit status.
[[nodiscard]] int remove_seat(const config::Inputs& inputs, const std::string& name,
                              bool accepts_loss, bool yes);

/// Adds the command `seats`.
void add_seats(CLI::App& group, Action& action);

}  // namespace millrace::cli
