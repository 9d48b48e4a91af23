#include <sstream>

#include "apps/cli/completions/completion_scripts.hpp"
#include "apps/cli/completions/shell_text.hpp"

namespace millrace::cli {
namespace {

// $at: the command parsed so far; $place: the number of its positional arguments.
constexpr const char* fish_walk = R"(function _@FUNCTION@_at
    set -l at @NAME@
    set -l place 0
    set -l is_value 0
    set -l words (commandline -opc)
    for word in $words[2..-1]
        if test $is_value = 1
            set is_value 0
        else if string match -q -- '-*' $word
            contains -- "$at $word" $_@FUNCTION@_taking; and set is_value 1
        else if contains -- "$at $word" $_@FUNCTION@_commands
            set at "$at $word"
        else
            set place (math $place + 1)
        end
    end
    test "$at" = "$argv[1]"; or return 1
    test (count $argv) -lt 2; or test $place = $argv[2]
end
)";

std::string fish_quoted(const std::string& text) {
  std::string quoted = "'";
  for (const char letter : text) {
    if (letter == '\'' || letter == '\\') quoted += '\\';
    quoted += letter;
  }
  return quoted + '\'';
}

std::string values(const CompletedValue& value) {
  switch (value.kind) {
    case Completed::nothing:
      return "-x";
    case Completed::words:
      return "-x -a " + fish_quoted(joined(value.words));
    case Completed::files:
      return "-r -F";
    case Completed::folders:
      return "-x -a '(__fish_complete_directories)'";
  }
  return {};
}

void write_option(std::ostream& script, const std::string& at, const CompletedOption& option) {
  script << at;
  for (const std::string& name : option.names) {
    const bool is_long = name.starts_with("--");
    script << (is_long ? " -l " : " -s ") << name.substr(is_long ? 2 : 1);
  }
  if (option.takes_value) script << ' ' << values(option.value);
  script << " -d " << fish_quoted(option.help) << '\n';
}

void write_command(std::ostream& script, const CompletedCommand& command,
                   const std::string& program) {
  const std::string condition = "_" + shell_function(program) + "_at \"" + command.path + '"';
  const std::string start = "complete -c " + program + " -n ";
  const std::string at = start + fish_quoted(condition);
  for (const CompletedCommand& below : command.commands) {
    script << start << fish_quoted(condition + " 0") << " -a " << below.name << " -d "
           << fish_quoted(below.help) << '\n';
  }
  for (const CompletedOption& option : command.options) write_option(script, at, option);
  for (std::size_t place = 0; place < command.arguments.size(); ++place) {
    const CompletedValue& value = command.arguments[place];
    if (value.kind == Completed::nothing) continue;
    script << start << fish_quoted(condition + ' ' + std::to_string(place)) << ' ' << values(value)
           << '\n';
  }
}

}  // namespace

std::string fish_completion(const CompletedCommand& tree) {
  std::ostringstream script;
  const std::string list = "set -g _" + shell_function(tree.name);
  script << "# Completion of " << tree.name << " in fish: " << tree.name
         << " completions fish | source\n\n"
         << list << "_commands\n"
         << list << "_taking\n";
  for (const CompletedCommand* command : all_commands(tree)) {
    if (command != &tree) {
      script << list << "_commands $_" << shell_function(tree.name) << "_commands "
             << fish_quoted(command->path) << '\n';
    }
    for (const std::string& name : names_taking_value(command->options)) {
      script << list << "_taking $_" << shell_function(tree.name) << "_taking "
             << fish_quoted(command->path + ' ' + name) << '\n';
    }
  }
  script << '\n' << filled(fish_walk, tree.name) << "\ncomplete -c " << tree.name << " -f\n";
  for (const CompletedCommand* command : all_commands(tree)) {
    write_command(script, *command, tree.name);
  }
  return script.str();
}

}  // namespace millrace::cli
