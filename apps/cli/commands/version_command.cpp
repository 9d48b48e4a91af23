// millrace version: prints the version of the program and of the data format.
#include <memory>

#include "actors/engines/engines.hpp"
#include "apps/cli/command_line.hpp"
#include "apps/cli/exit_code.hpp"
#include "apps/cli/output.hpp"

namespace millrace::cli {

void add_version(CLI::App& app, Action& action) {
  auto format = std::make_shared<Format>(Format::table);
  CLI::App* command = add_command(app, "version", "version of the program and of its data format");
  add_format(*command, *format);
  command->callback([format, &action] {
    action = [format] {
      print(nlohmann::ordered_json{{"millrace", MILLRACE_VERSION},
                                   {"commit", MILLRACE_COMMIT},
                                   {"data_format", engines::data_format()},
                                   {"compiler", MILLRACE_COMPILER},
                                   {"libraries", MILLRACE_LIBRARIES}},
            *format);
      return int{exit_ok};
    };
  });
}

}  // namespace millrace::cli
