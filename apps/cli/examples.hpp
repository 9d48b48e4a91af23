// Examples of commands, for --help and the manual pages.
#pragma once

#include <CLI/CLI.hpp>

namespace millrace::cli {

/// Adds to the footer of each command below `app` its examples, where there are any, behind
/// examples_heading.
void add_examples(CLI::App& app);

}  // namespace millrace::cli
