#include "apps/cli/command_line.hpp"

#include <utility>

namespace millrace::cli {

CLI::App* add_command(CLI::App& parent, std::string name, std::string description) {
  return parent.add_subcommand(std::move(name), std::move(description));
}

}  // namespace millrace::cli
