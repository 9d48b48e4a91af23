#include "apps/cli/completions/shell_text.hpp"

#include <cctype>

namespace millrace::cli {
namespace {

void replace_all(std::string& text, const std::string& mark, const std::string& with) {
  for (std::size_t at = text.find(mark); at != std::string::npos;
       at = text.find(mark, at + with.size())) {
    text.replace(at, mark.size(), with);
  }
}

}  // namespace

std::vector<CompletedSlot> completed_slots(const CompletedCommand& command) {
  std::vector<CompletedSlot> slots;
  for (const CompletedOption& option : command.options) {
    if (option.value.kind == Completed::nothing) continue;
    slots.push_back({.names = option.names, .value = option.value});
  }
  for (std::size_t place = 0; place < command.arguments.size(); ++place) {
    const CompletedValue& value = command.arguments[place];
    if (value.kind == Completed::nothing) continue;
    slots.push_back({.names = {std::to_string(place)}, .value = value});
  }
  return slots;
}

std::vector<std::string> names_of(const std::vector<CompletedCommand>& commands) {
  std::vector<std::string> names;
  names.reserve(commands.size());
  for (const CompletedCommand& command : commands) names.push_back(command.name);
  return names;
}

std::vector<std::string> names_of(const std::vector<CompletedOption>& options) {
  std::vector<std::string> names;
  for (const CompletedOption& option : options) {
    names.insert(names.end(), option.names.begin(), option.names.end());
  }
  return names;
}

std::vector<std::string> names_taking_value(const std::vector<CompletedOption>& options) {
  std::vector<std::string> names;
  for (const CompletedOption& option : options) {
    if (option.takes_value) names.insert(names.end(), option.names.begin(), option.names.end());
  }
  return names;
}

std::string kind_of(const CompletedValue& value) {
  switch (value.kind) {
    case Completed::nothing:
      return "nothing";
    case Completed::words:
      return "words";
    case Completed::files:
      return "files";
    case Completed::folders:
      return "folders";
  }
  return {};
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

std::string single_quoted(const std::string& text) {
  std::string inner = text;
  replace_all(inner, "'", R"('\'')");
  return '\'' + inner + '\'';
}

std::string shell_function(const std::string& program) {
  std::string name = "_" + program;
  for (char& letter : name) {
    if (std::isalnum(static_cast<unsigned char>(letter)) == 0) letter = '_';
  }
  return name;
}

std::string filled(const std::string& text, const std::string& program) {
  std::string result = text;
  replace_all(result, "@NAME@", single_quoted(program));
  replace_all(result, "@FUNCTION@", shell_function(program));
  return result;
}

}  // namespace millrace::cli
