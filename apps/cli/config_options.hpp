// Options of every command that reads a configuration: -c FILE, --set, and flags that set keys.
#pragma once

#include <CLI/CLI.hpp>

#include "cluster/config/file/load.hpp"

namespace millrace::cli {

/// Adds the options to `command`. REQUIRES: `inputs` outlives the parsing.
void add_config_options(CLI::App& command, config::Inputs& inputs);

/// Loads the configuration, with the environment of this process. Prints each problem as a line on
/// stderr, 100 at most; the caller then exits with exit_config. Blocks.
[[nodiscard]] config::Resolved load_config(config::Inputs inputs);

}  // namespace millrace::cli
