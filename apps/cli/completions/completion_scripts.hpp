// Completion scripts for shells; each is the text of a script to source.
#pragma once

#include <string>

#include "apps/cli/completions/completion_tree.hpp"

namespace millrace::cli {

/// For bash 4 and later; does not need the bash-completion package.
[[nodiscard]] std::string bash_completion(const CompletedCommand& tree);

/// For zsh; REQUIRES that compinit has run.
[[nodiscard]] std::string zsh_completion(const CompletedCommand& tree);

/// For fish 3 and later.
[[nodiscard]] std::string fish_completion(const CompletedCommand& tree);

}  // namespace millrace::cli
