#include <vector>

#include "actors/base/nearest_word.hpp"
#include "apps/cli/command_line.hpp"

namespace millrace::cli {

std::string nearest_command(const CLI::App& app, const std::string& word) {
  std::vector<std::string> names;
  for (const CLI::App* command :
       app.get_subcommands([](const CLI::App* each) { return !each->get_group().empty(); })) {
    names.push_back(command->get_name());
  }
  return nearest_word(word, names);
}

}  // namespace millrace::cli
