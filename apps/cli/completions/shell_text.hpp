// The pieces that completion scripts of all shells are made of.
#pragma once

#include <string>
#include <vector>

#include "apps/cli/completions/completion_tree.hpp"

namespace millrace::cli {

/// Something of a command that can be completed: the names of an option, or the place of an
/// argument, from 0.
struct CompletedSlot {
  std::vector<std::string> names;
  CompletedValue value;
};

/// Those of `command` for which there is something to offer.
[[nodiscard]] std::vector<CompletedSlot> completed_slots(const CompletedCommand& command);

[[nodiscard]] std::vector<std::string> names_of(const std::vector<CompletedCommand>& commands);
[[nodiscard]] std::vector<std::string> names_of(const std::vector<CompletedOption>& options);
[[nodiscard]] std::vector<std::string> names_taking_value(
    const std::vector<CompletedOption>& options);

/// "nothing", "words", "files" or "folders", as the scripts call them.
[[nodiscard]] std::string kind_of(const CompletedValue& value);

/// With a blank between each two.
[[nodiscard]] std::string joined(const std::vector<std::string>& words);

/// Quoted for bash and zsh: no character of it means anything.
[[nodiscard]] std::string single_quoted(const std::string& text);

/// A function's name for the program of this name: "_millrace".
[[nodiscard]] std::string shell_function(const std::string& program);

/// `text` with the program for @NAME@ and its function for @FUNCTION@.
[[nodiscard]] std::string filled(const std::string& text, const std::string& program);

}  // namespace millrace::cli
