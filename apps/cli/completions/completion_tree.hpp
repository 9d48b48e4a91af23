// Commands, options and values that a shell can complete, read from the CLI11 application itself.
#pragma once

#include <string>
#include <vector>

#include <CLI/CLI.hpp>

namespace millrace::cli {

enum class Completed { nothing, words, files, folders };

/// Completion of the value of an option, or of a positional argument.
struct CompletedValue {
  Completed kind = Completed::nothing;
  std::vector<std::string> words;  ///< candidates, if kind is words
};

struct CompletedOption {
  std::vector<std::string> names;  ///< with hyphens: "--output", "-o"
  std::string help;
  bool takes_value = false;
  CompletedValue value;
};

struct CompletedCommand {
  std::string path;  ///< full command, such as "millrace queue ls"
  std::string name;
  std::string help;
  std::vector<CompletedCommand> commands;
  std::vector<CompletedOption> options;
  std::vector<CompletedValue> arguments;  ///< in order of position
};

/// Reads the commands of `app`, without those hidden from help.
[[nodiscard]] CompletedCommand completion_tree(const CLI::App& app);

/// The words that the value of `option` is one of; empty: it is no choice of words.
[[nodiscard]] std::vector<std::string> choices_of(const CLI::Option& option);

/// `tree` and all commands below it, parents first. The pointers are valid as long as `tree`.
[[nodiscard]] std::vector<const CompletedCommand*> all_commands(const CompletedCommand& tree);

}  // namespace millrace::cli
