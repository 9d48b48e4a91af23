#include "apps/cli/manual/pages.hpp"

#include <array>
#include <cctype>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>

#include "apps/cli/completions/completion_tree.hpp"
#include "apps/cli/manual/roff.hpp"

namespace millrace::cli {
namespace {

/// See exit_code.hpp, and apps/serve/exit_status.hpp for nodes.
constexpr std::array<std::pair<std::string_view, std::string_view>, 7> exit_statuses{
    {{"0", "The command has done what it was asked."},
     {"1", "It has failed; one line on stderr says why."},
     {"2", "The command line has a mistake."},
     {"3", "No node answers."},
     {"4", "The command ran, with a negative result: not ready, or an audit that fails."},
     {"75", "Another process is the node of this one now."},
     {"78", "The configuration has mistakes."}}};

std::vector<const CLI::App*> commands_of(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App* each) { return !each->get_group().empty(); });
}

/// What stands for the value: "FILE", or "table|json"; of "UINT:INT in [1 - 9]" the first word.
std::string value_name(const CLI::Option& option) {
  const std::vector<std::string> words = choices_of(option);
  if (!words.empty()) return CLI::detail::join(words, "|");
  const std::string type = option.get_type_name();
  return type.substr(0, type.find(':'));
}

/// "1 to 36500" of a type "UINT:INT in [1 - 36500]"; empty if the type names no range.
std::string range_of(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  const std::size_t begin = type.find(" in [");
  const std::size_t end = type.find(']', begin);
  if (begin == std::string::npos || end == std::string::npos) return {};
  std::string range = type.substr(begin + 5, end - begin - 5);
  const std::size_t middle = range.find(" - ");
  if (middle != std::string::npos) range.replace(middle, 3, " to ");
  return range;
}

/// Descriptions begin with a small letter and end without a full stop.
std::string sentence(std::string text) {
  if (text.empty()) return text;
  text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
  if (text.back() != '.') text += '.';
  return text;
}

std::string description_of(const CLI::Option& option) {
  std::string text = sentence(option.get_description());
  const auto add = [&text](const std::string& more) {
    text += (text.empty() ? "" : " ") + more;
  };
  if (option.get_required()) add("Required.");
  if (const std::string range = range_of(option); !range.empty()) add("From " + range + ".");
  if (!option.get_default_str().empty()) add("Default: " + option.get_default_str() + ".");
  return text;
}

void add_options(Roff& page, const CLI::App& command, bool with_help) {
  for (const CLI::Option* option : command.get_options()) {
    if (option->get_group().empty()) continue;
    if (option == command.get_help_ptr() && !with_help) continue;
    const bool takes_value = option->get_items_expected_max() > 0;
    if (option->get_positional()) {
      page.entry(option->get_name(), "", description_of(*option));
      continue;
    }
    std::vector<std::string> names;
    for (const std::string& name : option->get_snames()) names.push_back("-" + name);
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    page.entry(CLI::detail::join(names, ", "), takes_value ? value_name(*option) : "",
               description_of(*option));
  }
}

/// What follows the names of the commands: "[OPTIONS] queue [message]".
std::string operands_of(const CLI::App& command) {
  std::string text = "[OPTIONS]";
  if (!commands_of(command).empty()) return text + " COMMAND";
  for (const CLI::Option* option : command.get_options()) {
    if (!option->get_positional() || option->get_group().empty()) continue;
    const std::string name = option->get_name();
    text += option->get_required() ? " " + name : " [" + name + "]";
  }
  return text;
}

void add_footer(Roff& page, const CLI::App& command) {
  const std::string footer = command.get_footer();
  const std::size_t examples = footer.find(examples_heading);
  std::string text = footer.substr(0, examples);
  while (text.ends_with('\n')) text.pop_back();
  if (!text.empty()) page.paragraph(text);
  if (examples == std::string::npos) return;
  page.paragraph(examples_heading);
  std::istringstream lines(footer.substr(examples));
  std::string line;
  std::getline(lines, line);  // the heading
  while (std::getline(lines, line)) page.synopsis(line.substr(line.find_first_not_of(' ')), "");
}

/// Each command below `command` that runs something.
void add_commands(Roff& page, const CLI::App& command, const std::string& path) {
  for (const CLI::App* each : commands_of(command)) {
    const std::string own = path + " " + each->get_name();
    if (!commands_of(*each).empty()) {
      add_commands(page, *each, own);
      continue;
    }
    page.subsection(own);
    page.synopsis(own, operands_of(*each));
    page.paragraph(sentence(each->get_description()));
    add_options(page, *each, false);
    add_footer(page, *each);
  }
}

ManualPage page_of(const CLI::App& app, const CLI::App& command, const std::string& source) {
  const std::string path = app.get_name() + " " + command.get_name();
  const std::string name = app.get_name() + "-" + command.get_name();
  Roff page(name, command.get_description(), source);
  page.section("SYNOPSIS");
  page.synopsis(path, operands_of(command));
  if (commands_of(command).empty()) {
    page.section("OPTIONS");
    add_options(page, command, true);
    add_footer(page, command);
  } else {
    page.section("COMMANDS");
    add_commands(page, command, path);
    add_footer(page, command);
  }
  page.section("SEE ALSO");
  page.paragraph(app.get_name() + "(1)");
  return {name, page.text()};
}

ManualPage first_page(const CLI::App& app, const std::string& source) {
  Roff page(app.get_name(), app.get_description(), source);
  page.section("SYNOPSIS");
  page.synopsis(app.get_name(), operands_of(app));
  page.section("COMMANDS");
  std::string others;
  for (const CLI::App* command : commands_of(app)) {
    const std::string name = app.get_name() + "-" + command->get_name();
    page.entry(command->get_name(), "",
               sentence(command->get_description()) + " See " + name + "(1).");
    others += (others.empty() ? "" : ", ") + name + "(1)";
  }
  page.section("OPTIONS");
  add_options(page, app, true);
  page.section("EXIT STATUS");
  for (const auto& [status, text] : exit_statuses) page.entry(status, "", text);
  page.section("SEE ALSO");
  page.paragraph(others);
  return {app.get_name(), page.text()};
}

}  // namespace

std::vector<ManualPage> manual_pages(const CLI::App& app, const std::string& version) {
  const std::string source = app.get_name() + " " + version;
  std::vector<ManualPage> pages{first_page(app, source)};
  for (const CLI::App* command : commands_of(app)) pages.push_back(page_of(app, *command, source));
  return pages;
}

}  // namespace millrace::cli
