// Examples of commands, for --help and the manual pages.
#pragma once

#include <CLI/CLI.hpp>

namespace millrace::cli {

/// Begins the examples in the footer of a command; each line behind it is one.
inline constexpr const char* examples_heading = "Examples:";

/// Adds to the footer of each command below `app` its examples, where there are any.
void add_examples(CLI::App& app);

}  // namespace millrace::cli
