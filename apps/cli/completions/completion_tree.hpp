// What a shell may offer, read off the command line itself, so that it cannot go stale.
#pragma once

#include <string>
#include <vector>

#include <CLI/CLI.hpp>

namespace millrace::cli {

enum class Completed { nothing, words, files, folders };

/// An option's value, or an argument by its place.
struct CompletedValue {
  Completed kind = Completed::nothing;
  std::vector<std::string> words;  ///< of kind words
};

struct CompletedOption {
  std::vector<std::string> names;  ///< with their hyphens
  std::string help;
  bool takes_value = false;
  CompletedValue value;
};

struct CompletedCommand {
  std::string path;  ///< from the program on, such as "millrace queue ls"
  std::string name;
  std::string help;
  std::vector<CompletedCommand> commands;
  std::vector<CompletedOption> options;
  std::vector<CompletedValue> arguments;  ///< by their order
};

/// Reads the tree below `app`. What is hidden from help is left out.
[[nodiscard]] CompletedCommand completion_tree(const CLI::App& app);

/// A command and all below it, parents first. The tree outlives them.
[[nodiscard]] std::vector<const CompletedCommand*> all_commands(const CompletedCommand& tree);

}  // namespace millrace::cli
