#include <sstream>

#include "apps/cli/completions/completion_scripts.hpp"
#include "apps/cli/completions/shell_text.hpp"

namespace millrace::cli {
namespace {

// The names $commands and $options are reserved by zsh.
constexpr const char* zsh_walk = R"(  local at=@NAME@ slot= place=0 word kind= i
  local -a below flags taking offered
  @FUNCTION@_at
  for ((i = 2; i < CURRENT; ++i)); do
    word=${words[i]}
    if [[ -n $slot ]]; then
      slot=
    elif [[ $word == -* ]]; then
      (( ${taking[(Ie)$word]} )) && slot=$word
    elif (( ${below[(I)${(b)word}:*]} )); then
      at="$at $word"
      @FUNCTION@_at
    else
      ((++place))
    fi
  done
  if [[ -z $slot && ${words[CURRENT]} == --*=* ]]; then
    slot=${words[CURRENT]%%=*}
    compset -P '*='
  fi
  if [[ -z $slot && ${words[CURRENT]} == -* ]]; then
    _describe option flags
  elif [[ -z $slot && ${#below} -gt 0 ]]; then
    (( place == 0 )) && _describe command below
  else
    @FUNCTION@_value "$at ${slot:-$place}"
    case $kind in
      words) compadd -- $offered ;;
      files) _files ;;
      folders) _files -/ ;;
      *) [[ -z $slot ]] && _describe option flags ;;
    esac
  fi
)";

// Formats "name:help" for the zsh function _describe; escapes colons in the name.
std::string described(const std::string& name, const std::string& help) {
  std::string text;
  for (const char letter : name) {
    if (letter == ':') text += '\\';
    text += letter;
  }
  return single_quoted(text + ':' + help);
}

void write_command(std::ostream& script, const CompletedCommand& command) {
  script << "    " << single_quoted(command.path) << ")\n      below=(";
  for (const CompletedCommand& below : command.commands) {
    script << "\n        " << described(below.name, below.help);
  }
  script << ")\n      flags=(";
  for (const CompletedOption& option : command.options) {
    for (const std::string& name : option.names) {
      script << "\n        " << described(name, option.help);
    }
  }
  script << ")\n      taking=(" << joined(names_taking_value(command.options)) << ") ;;\n";
}

}  // namespace

std::string zsh_completion(const CompletedCommand& tree) {
  std::ostringstream script;
  const std::string function = shell_function(tree.name);
  script << "#compdef " << tree.name << "\n# Completion of " << tree.name << " in zsh: source <("
         << tree.name << " completions zsh), or save it as " << function
         << "\n# in a folder of $fpath.\n\n# What the command at $at knows.\n"
         << function << "_at() {\n  case $at in\n";
  for (const CompletedCommand* command : all_commands(tree)) write_command(script, *command);
  script << "  esac\n}\n\n# What fits an option's value, or the argument at its place.\n"
         << function << "_value() {\n  case $1 in\n";
  for (const CompletedCommand* command : all_commands(tree)) {
    for (const CompletedSlot& slot : completed_slots(*command)) {
      for (const std::string& name : slot.names) {
        script << "    " << single_quoted(command->path + ' ' + name)
               << ") kind=" << kind_of(slot.value) << " offered=(" << joined(slot.value.words)
               << ") ;;\n";
      }
    }
  }
  // When sourced, the script registers itself; when autoloaded from $fpath, it is the function
  // body.
  script << "  esac\n}\n\n"
         << function << "() {\n"
         << filled(zsh_walk, tree.name) << "}\n\nif [[ ${funcstack[1]} == " << function
         << " ]]; then\n  " << function << " \"$@\"\nelse\n  compdef " << function << ' '
         << tree.name << "\nfi\n";
  return script.str();
}

}  // namespace millrace::cli
