// -c FILE, --set and the flags that stand for keys, as every command with a configuration has them.
#pragma once

#include <CLI/CLI.hpp>

#include "cluster/config/load/load.hpp"

namespace millrace::cli {

/// Adds the options to `command`. `inputs` outlives the parsing.
void add_config_options(CLI::App& command, config::Inputs& inputs);

/// Loads the configuration with this process's environment. Where it has mistakes, each is a line
/// on stderr; the exit code for that is exit_config.
[[nodiscard]] config::Resolved load_config(config::Inputs inputs);

}  // namespace millrace::cli
