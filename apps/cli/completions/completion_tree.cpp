#include "apps/cli/completions/completion_tree.hpp"

#include <utility>

namespace millrace::cli {
namespace {

// CLI11 exposes the words of a choice only in its help text: "{auto,never}", or
// "value in {json->1,table->0}".
std::vector<std::string> words_in(const std::string& type) {
  std::vector<std::string> words;
  const std::size_t open = type.find('{');
  const std::size_t close = type.find('}', open);
  if (open == std::string::npos || close == std::string::npos) return words;
  for (const std::string& item : CLI::detail::split(type.substr(open + 1, close - open - 1), ',')) {
    words.push_back(item.substr(0, item.find("->")));
  }
  return words;
}

CompletedValue value_of(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  if (type.starts_with("FILE")) return {.kind = Completed::files, .words = {}};
  if (type.starts_with("DIR")) return {.kind = Completed::folders, .words = {}};
  std::vector<std::string> words = words_in(type);
  if (words.empty()) return {};
  return {.kind = Completed::words, .words = std::move(words)};
}

CompletedOption option_of(const CLI::Option& option) {
  CompletedOption read{.names = {},
                       .help = option.get_description(),
                       .takes_value = option.get_items_expected_max() > 0,
                       .value = value_of(option)};
  for (const std::string& name : option.get_lnames()) read.names.push_back("--" + name);
  for (const std::string& name : option.get_snames()) read.names.push_back("-" + name);
  return read;
}

CompletedCommand command_of(const CLI::App& app, const std::string& above) {
  CompletedCommand read{.path = above.empty() ? app.get_name() : above + ' ' + app.get_name(),
                        .name = app.get_name(),
                        .help = app.get_description(),
                        .commands = {},
                        .options = {},
                        .arguments = {}};
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_positional()) {
      read.arguments.push_back(value_of(*option));
    } else if (!option->get_group().empty()) {
      read.options.push_back(option_of(*option));
    }
  }
  const auto shown = [](const CLI::App* each) {
    return !each->get_group().empty();
  };
  for (const CLI::App* command : app.get_subcommands(shown)) {
    read.commands.push_back(command_of(*command, read.path));
  }
  return read;
}

void collect(const CompletedCommand& command, std::vector<const CompletedCommand*>& found) {
  found.push_back(&command);
  for (const CompletedCommand& below : command.commands) collect(below, found);
}

}  // namespace

std::vector<std::string> choices_of(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  const bool is_path = type.starts_with("FILE") || type.starts_with("DIR");
  return is_path ? std::vector<std::string>() : words_in(type);
}

CompletedCommand completion_tree(const CLI::App& app) {
  return command_of(app, "");
}

std::vector<const CompletedCommand*> all_commands(const CompletedCommand& tree) {
  std::vector<const CompletedCommand*> found;
  collect(tree, found);
  return found;
}

}  // namespace millrace::cli
