#include "apps/millrace/config_options.hpp"

#include <ctime>
#include <iostream>
#include <utility>

namespace millrace::cli {
namespace {

// A file of noise would fill the screen otherwise.
constexpr std::size_t shown_max = 100;

void add_flag(CLI::App& command, config::Inputs& inputs, const std::string& name,
              const std::string& path, const std::string& what) {
  command
      .add_option_function<std::string>(
          name,
          [&inputs, name, path](const std::string& value) {
            inputs.flags.push_back({.name = name, .path = path, .value = value});
          },
          what + ": the same as --set " + path + "=…, and goes before it")
      ->type_name("VALUE");
}

}  // namespace

void add_config_options(CLI::App& command, config::Inputs& inputs) {
  command.add_option("-c,--config", inputs.file, "config file, TOML")
      ->required()
      ->type_name("FILE");
  command.add_option("--set", inputs.sets, "a key's value, before that of files and environment")
      ->type_name("KEY=VALUE")
      ->expected(1)
      ->take_all()
      ->allow_extra_args(false);
  add_flag(command, inputs, "--data-dir", "node.data_dir", "folder of the node's data");
  add_flag(command, inputs, "--log-level", "log.level", "least severity that is logged");
}

config::Resolved load_config(config::Inputs inputs) {
  inputs.environment = config::environment();
  config::Resolved resolved = config::load(inputs, std::time(nullptr));
  const config::Problems& problems = resolved.problems;
  for (std::size_t i = 0; i < problems.size() && i < shown_max; ++i) {
    std::cerr << to_string(problems[i]) << '\n';
  }
  if (problems.size() > shown_max) {
    std::cerr << "and " << problems.size() - shown_max << " more\n";
  }
  return resolved;
}

}  // namespace millrace::cli
