#include "apps/cli/config_options.hpp"

#include <ctime>
#include <iostream>
#include <string_view>
#include <utility>

#include "cluster/config/keys/key_table.hpp"

namespace millrace::cli {
namespace {

// Number of problems that are printed; a file that is not a configuration can have thousands.
constexpr std::size_t shown_max = 100;

// Returns the allowed values of a config key in the notation of CLI11: "{text,json}".
std::string words_of(std::string_view path) {
  std::string words;
  for (const config::Key& key : config::key_table().keys) {
    if (key.path != path) continue;
    for (const std::string_view word : key.choices) {
      words += (words.empty() ? "{" : ",") + std::string(word);
    }
  }
  return words + '}';
}

void add_flag(CLI::App& command, config::Inputs& inputs, const std::string& name,
              const std::string& path, const std::string& type, const std::string& what) {
  command
      .add_option_function<std::string>(
          name,
          [&inputs, name, path](const std::string& value) {
            inputs.flags.push_back({.name = name, .path = path, .value = value});
          },
          what + ": the same as --set " + path + "=…, which it overrides")
      ->type_name(type);
}

}  // namespace

void add_config_options(CLI::App& command, config::Inputs& inputs) {
  command.add_option("-c,--config", inputs.file, "config file, TOML")
      ->required()
      ->type_name("FILE");
  command.add_option("--set", inputs.sets, "value of a key; overrides files and environment")
      ->type_name("KEY=VALUE")
      ->expected(1)
      ->take_all()
      ->allow_extra_args(false);
  add_flag(command, inputs, "--data-dir", "node.data_dir", "DIR", "data directory of the node");
  add_flag(command, inputs, "--log-level", "log.level", words_of("log.level"),
           "least severity that is logged");
  for (const config::Key& key : config::key_table().keys) {
    if (key.flag.empty()) continue;
    std::string what(key.doc);
    if (what.ends_with('.')) what.pop_back();
    add_flag(command, inputs, std::string(key.flag), std::string(key.path), "VALUE", what);
  }
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
