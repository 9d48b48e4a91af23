// millrace log copy: moves the log of a stopped node to another engine.
#include <memory>
#include <string>
#include <variant>

#include "apps/cli/client/stopped_log.hpp"
#include "apps/cli/command_line.hpp"
#include "apps/cli/exit_code.hpp"
#include "apps/cli/output.hpp"
#include "cluster/node/log_move.hpp"

namespace millrace::cli {
namespace {

struct LogCopyOptions {
  std::string from;
  std::string to;
  std::string node;
  Format format = Format::table;
};

// The names of the two nodes, where both are known.
Result<void> check_same_node(const engines::AnyLog& from, const engines::AnyLog& to) {
  const auto* const source = std::get_if<postgres_log::Options>(&from);
  const auto* const target = std::get_if<postgres_log::Options>(&to);
  if (source == nullptr || target == nullptr || source->node == target->node) return {};
  return Error{ErrorCode::invalid_argument,
               "--from is the log of node " + source->node + ", --to that of node " + target->node};
}

int run_copy(const LogCopyOptions& options) {
  const auto from = log_at(options.from, options.node);
  if (!from) return fail({from.error().code, "--from: " + from.error().message});
  const auto to = log_at(options.to, options.node);
  if (!to) return fail({to.error().code, "--to: " + to.error().message});
  if (const auto same = check_same_node(*from, *to); !same) return fail(same.error());
  const auto copied = cluster::move_log(*from, *to);
  if (!copied) return fail(copied.error());
  print(nlohmann::ordered_json{{"from", *engines::where(*from)},
                               {"to", *engines::where(*to)},
                               {"first_record", copied->first_lsn},
                               {"last_record", copied->last_lsn},
                               {"records", copied->records},
                               {"bytes", copied->bytes},
                               {"checkpoint_messages", copied->messages}},
        options.format);
  return exit_ok;
}

void add_copy(CLI::App& group, Action& action) {
  auto options = std::make_shared<LogCopyOptions>();
  CLI::App* command =
      add_command(group, "copy", "move the log of a stopped node to another engine or place");
  const char* const place =
      "a data directory, or the config file of the node, which says\n"
      "where its log lies";
  command->add_option("--from", options->from, place)->type_name("DIR|FILE")->required();
  command->add_option("--to", options->to, std::string(place) + "; must be new or empty")
      ->type_name("DIR|FILE")
      ->required();
  command->add_option("--node", options->node, "name of the node; else that of the config file")
      ->type_name("NAME");
  add_format(*command, options->format);
  command->footer(
      "The connection string of PostgreSQL comes from the file that log.postgres.dsn_file names, "
      "or\n"
      "from MILLRACE_POSTGRES_DSN. Records keep their numbers, and the node its identity. When "
      "the\n"
      "copy is complete, no node starts on the source any more: it says where the log is. If the\n"
      "command is interrupted, run it again.");
  command->callback([options, &action] {
    action = [options] {
      return run_copy(*options);
    };
  });
}

}  // namespace

void add_log(CLI::App& app, Action& action) {
  CLI::App* group = add_command(app, "log", "the durable log of a stopped node");
  group->require_subcommand(1);
  add_copy(*group, action);
}

}  // namespace millrace::cli
