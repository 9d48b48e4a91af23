// Completion scripts of the shells, each one text to be sourced.
#pragma once

#include <string>

#include "apps/cli/completions/completion_tree.hpp"

namespace millrace::cli {

/// For bash 4 and later, with nothing else installed.
[[nodiscard]] std::string bash_completion(const CompletedCommand& tree);

/// For zsh, after its compinit.
[[nodiscard]] std::string zsh_completion(const CompletedCommand& tree);

/// For fish 3 and later.
[[nodiscard]] std::string fish_completion(const CompletedCommand& tree);

}  // namespace millrace::cli
