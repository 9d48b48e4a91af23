// millrace config check|print|print-defaults: checks and prints the configuration of a node.
#include <algorithm>
#include <iostream>
#include <memory>

#include "apps/cli/command_line.hpp"
#include "apps/cli/config_options.hpp"
#include "apps/cli/exit_code.hpp"
#include "apps/cli/output.hpp"
#include "cluster/config/file/print.hpp"

namespace millrace::cli {
namespace {

struct ConfigOptions {
  config::Inputs inputs;
  bool effective = false;
  Format format = Format::table;
};

int run_check(const ConfigOptions& options) {
  const config::Resolved resolved = load_config(options.inputs);
  if (!resolved.problems.empty()) return exit_config;
  const std::size_t nodes = std::max<std::size_t>(1, resolved.config.cluster.nodes.size());
  std::cout << options.inputs.file << ": ok: node " << resolved.config.node.name << ", " << nodes
            << (nodes == 1 ? " node" : " nodes") << ", " << resolved.config.cluster.shards
            << " shards\n";
  return exit_ok;
}

// Setting::value is TOML; the values that keys can have are valid JSON, too.
nlohmann::ordered_json value_in(const config::Setting& setting, Format format) {
  if (format == Format::table) return setting.value;
  return nlohmann::ordered_json::parse(setting.value);
}

int run_print(const ConfigOptions& options) {
  const config::Resolved resolved = load_config(options.inputs);
  if (!resolved.problems.empty()) return exit_config;
  Listing listing{.columns = {"key", "value"}, .rows = {}};
  if (options.effective) listing.columns.emplace_back("origin");
  for (const config::Setting& setting : resolved.settings) {
    if (setting.is_default && !options.effective) continue;
    nlohmann::ordered_json row{{"key", setting.path}, {"value", value_in(setting, options.format)}};
    if (options.effective) row["origin"] = origin_of(setting.place);
    listing.rows.push_back(std::move(row));
  }
  print(listing, options.format);
  return exit_ok;
}

void add_check(CLI::App& group, Action& action) {
  auto options = std::make_shared<ConfigOptions>();
  CLI::App* command = add_command(group, "check", "report all errors of a config file");
  add_config_options(*command, options->inputs);
  // As most people write it first.
  command->get_option("--config")->required(false);
  command->add_option("file", options->inputs.file, "the file, in place of --config")
      ->type_name("FILE")
      ->excludes("--config");
  command->callback([options, &action] {
    action = [options] {
      if (options->inputs.file.empty()) {
        return fail({ErrorCode::invalid_argument, "expected a config file, got none"});
      }
      return run_check(*options);
    };
  });
}

void add_print(CLI::App& group, Action& action) {
  auto options = std::make_shared<ConfigOptions>();
  CLI::App* command = add_command(group, "print", "print the keys that are set, from all sources");
  add_config_options(*command, options->inputs);
  command->add_flag("--effective", options->effective,
                    "include defaults, and the source of each value");
  add_format(*command, options->format);
  command->callback([options, &action] {
    action = [options] {
      return run_print(*options);
    };
  });
}

void add_print_defaults(CLI::App& group, Action& action) {
  auto is_page = std::make_shared<bool>(false);
  CLI::App* command = add_command(group, "print-defaults", "print a config file with every key");
  command->add_flag("--markdown", *is_page, "print docs/config.md instead");
  command->callback([is_page, &action] {
    action = [is_page] {
      std::cout << (*is_page ? config::reference_page() : config::defaults_file());
      return int{exit_ok};
    };
  });
}

}  // namespace

void add_config(CLI::App& app, Action& action) {
  CLI::App* group = add_command(app, "config", "configuration of a node");
  group->require_subcommand(1);
  add_check(*group, action);
  add_print(*group, action);
  add_print_defaults(*group, action);
}

}  // namespace millrace::cli
