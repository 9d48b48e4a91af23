// Text helpers shared by the completion scripts of all shells.
#pragma once

#include <string>
#include <vector>

#include "apps/cli/completions/completion_tree.hpp"

namespace millrace::cli {

/// A completable value of a command. `names`: the names of an option, or the position of an
/// argument from 0 as text.
struct CompletedSlot {
  std::vector<std::string> names;
  CompletedValue value;
};

/// The values of `command` that have candidates.
[[nodiscard]] std::vector<CompletedSlot> completed_slots(const CompletedCommand& command);

[[nodiscard]] std::vector<std::string> names_of(const std::vector<CompletedCommand>& commands);
[[nodiscard]] std::vector<std::string> names_of(const std::vector<CompletedOption>& options);
[[nodiscard]] std::vector<std::string> names_taking_value(
    const std::vector<CompletedOption>& options);

/// "nothing", "words", "files" or "folders", as the scripts call them.
[[nodiscard]] std::string kind_of(const CompletedValue& value);

/// The words, separated by spaces.
[[nodiscard]] std::string joined(const std::vector<std::string>& words);

/// Quotes `text` for bash and zsh, so that no character is special.
[[nodiscard]] std::string single_quoted(const std::string& text);

/// Name of the shell function for this program: "_millrace".
[[nodiscard]] std::string shell_function(const std::string& program);

/// Replaces @NAME@ in `text` by the quoted program name and @FUNCTION@ by shell_function().
[[nodiscard]] std::string filled(const std::string& text, const std::string& program);

}  // namespace millrace::cli
