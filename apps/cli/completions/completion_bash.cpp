#include <sstream>

#include "apps/cli/completions/completion_scripts.hpp"
#include "apps/cli/completions/shell_text.hpp"

namespace millrace::cli {
namespace {

// Bash splits the line at '=' and ':', too: the word after one of them continues the word before it
// or is the value of an option.
constexpr const char* bash_walk =
    R"(  local current=${COMP_WORDS[COMP_CWORD]} at=@NAME@ slot= place=0 word i
  local commands options taking kind words
  COMPREPLY=()
  @FUNCTION@_at
  for ((i = 1; i < COMP_CWORD; ++i)); do
    word=${COMP_WORDS[i]}
    if [[ -n $slot ]]; then
      [[ $word == '=' ]] || slot=
    elif [[ $word == '=' || $word == ':' ]]; then
      ((++i))
    elif [[ $word == -* ]]; then
      [[ $taking == *" $word "* ]] && slot=$word
    elif [[ $commands == *" $word "* ]]; then
      at="$at $word"
      @FUNCTION@_at
    else
      ((++place))
    fi
  done
  if ((i > COMP_CWORD)); then return; fi
  if [[ $current == '=' || $current == ':' ]]; then
    [[ -n $slot ]] || return
    current=
  fi
  if [[ -z $slot && $current == -* ]]; then
    kind=words words=$options
  elif [[ -z $slot && $commands != ' ' ]]; then
    ((place == 0)) || return
    kind=words words=$commands
  else
    @FUNCTION@_value "$at ${slot:-$place}"
    if [[ -z $slot && -z $kind ]]; then kind=words words=$options; fi
  fi
  case $kind in
    words) mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current") ;;
    files) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- "$current") ;;
    folders) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -d -- "$current") ;;
  esac
)";

// Joins the words with a space at each end, so that the script can search for " word ".
std::string padded(const std::vector<std::string>& words) {
  return single_quoted(words.empty() ? " " : ' ' + joined(words) + ' ');
}

}  // namespace

std::string bash_completion(const CompletedCommand& tree) {
  std::ostringstream script;
  const std::string function = shell_function(tree.name);
  script << "# Completion of " << tree.name << " in bash: source <(" << tree.name
         << " completions bash)\n\n# What the command at $at knows.\n"
         << function << "_at() {\n  case $at in\n";
  for (const CompletedCommand* command : all_commands(tree)) {
    script << "    " << single_quoted(command->path)
           << ")\n      commands=" << padded(names_of(command->commands))
           << "\n      options=" << padded(names_of(command->options))
           << "\n      taking=" << padded(names_taking_value(command->options)) << " ;;\n";
  }
  script << "  esac\n}\n\n# What fits an option's value, or the argument at its place.\n"
         << function << "_value() {\n  kind= words=\n  case $1 in\n";
  for (const CompletedCommand* command : all_commands(tree)) {
    for (const CompletedSlot& slot : completed_slots(*command)) {
      script << "    ";
      for (std::size_t i = 0; i < slot.names.size(); ++i) {
        script << (i == 0 ? "" : " | ") << single_quoted(command->path + ' ' + slot.names[i]);
      }
      script << ") kind=" << kind_of(slot.value)
             << " words=" << single_quoted(joined(slot.value.words)) << " ;;\n";
    }
  }
  script << "  esac\n}\n\n"
         << function << "() {\n"
         << filled(bash_walk, tree.name) << "}\n\ncomplete -F " << function << ' ' << tree.name
         << '\n';
  return script.str();
}

}  // namespace millrace::cli
