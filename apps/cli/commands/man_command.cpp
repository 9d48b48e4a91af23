// millrace man: prints a manual page, or writes all of them into a directory.
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <string>
#include <system_error>

#include "apps/cli/command_line.hpp"
#include "apps/cli/exit_code.hpp"
#include "apps/cli/manual/pages.hpp"
#include "apps/cli/output.hpp"

namespace millrace::cli {
namespace {

struct ManOptions {
  std::string command;
  std::string out;
};

int print_page(const CLI::App& app, const std::string& command) {
  const std::string name = command.empty() ? app.get_name() : app.get_name() + "-" + command;
  for (const ManualPage& page : manual_pages(app, MILLRACE_VERSION)) {
    if (page.name != name) continue;
    std::cout << page.text;
    return exit_ok;
  }
  const std::string near = nearest_command(app, command);
  return fail(Error{ErrorCode::invalid_argument,
                    "there is no command '" + command + "'" +
                        (near.empty() ? "" : "; did you mean '" + near + "'?")});
}

int write_pages(const CLI::App& app, const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) {
    return fail(
        Error{ErrorCode::storage_failed, folder.string() + " cannot be made: " + error.message()});
  }
  for (const ManualPage& page : manual_pages(app, MILLRACE_VERSION)) {
    const std::filesystem::path path = folder / (page.name + ".1");
    std::ofstream file(path, std::ios::trunc);
    if (!(file << page.text) || !file.flush()) {
      return fail(Error{ErrorCode::storage_failed, path.string() + " cannot be written"});
    }
  }
  return exit_ok;
}

}  // namespace

void add_man(CLI::App& app, Action& action) {
  auto options = std::make_shared<ManOptions>();
  CLI::App* command = add_command(app, "man", "print a manual page");
  command->add_option("command", options->command, "of this command; default: of the program");
  command->add_option("--out", options->out, "write all pages into this directory instead")
      ->type_name("DIR");
  command->footer("To read one: " + app.get_name() + " man queue | man -l -");
  command->callback([options, &app, &action] {
    action = [options, &app] {
      if (!options->out.empty()) return write_pages(app, options->out);
      return print_page(app, options->command);
    };
  });
}

}  // namespace millrace::cli
