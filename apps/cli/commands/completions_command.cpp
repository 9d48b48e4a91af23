// millrace completions bash|zsh|fish: prints the script that completes this command line in a
// shell.
#include <iostream>
#include <map>
#include <memory>

#include "apps/cli/command_line.hpp"
#include "apps/cli/completions/completion_scripts.hpp"
#include "apps/cli/exit_code.hpp"

namespace millrace::cli {

void add_completions(CLI::App& app, Action& action) {
  using Script = std::string (*)(const CompletedCommand&);
  static const std::map<std::string, Script> scripts{
      {"bash", bash_completion}, {"fish", fish_completion}, {"zsh", zsh_completion}};
  auto shell = std::make_shared<std::string>();
  CLI::App* command =
      add_command(app, "completions", "print a script that completes commands in a shell");
  command->add_option("shell", *shell, "bash, fish or zsh")
      ->required()
      ->check(CLI::IsMember(&scripts));
  command->footer("For the shell at hand: source <(" + app.get_name() + " completions bash)");
  command->callback([shell, &app, &action] {
    action = [shell, &app] {
      std::cout << scripts.at(*shell)(completion_tree(app));
      return int{exit_ok};
    };
  });
}

}  // namespace millrace::cli
