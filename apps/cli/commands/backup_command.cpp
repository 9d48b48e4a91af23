// millrace backup, millrace restore: copies of data directories, and back.
#include <filesystem>
#include <iostream>
#include <memory>
#include <string>
#include <variant>

#include "actors/base/clock.hpp"
#include "actors/engines/stored_backup.hpp"
#include "apps/cli/client/server_client.hpp"
#include "apps/cli/client/stopped_log.hpp"
#include "apps/cli/command_line.hpp"
#include "apps/cli/exit_code.hpp"
#include "apps/cli/output.hpp"

namespace millrace::cli {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

struct BackupOptions {
  SourceOptions source;
  std::string target;
  Format format = Format::table;
};

struct RestoreOptions {
  std::string backup;
  std::string data_dir;
  Format format = Format::table;
};

Json json_of_backup(const fs::path& target, const engines::StoredBackup& backup) {
  Json out{{"target", target.string()},
           {"files", backup.info.files},
           {"bytes", backup.info.bytes},
           {"last_record", backup.info.last_lsn}};
  if (!backup.identity.node.empty()) out["node"] = backup.identity.node;
  if (!backup.identity.cluster.empty()) out["cluster"] = backup.identity.cluster;
  return out;
}

Result<Json> back_up_stopped_node(const BackupOptions& options, const fs::path& target) {
  const auto log = log_of(options.source.log);
  if (!log) return log.error();
  const auto* const journal = std::get_if<engines::LogOptions>(&*log);
  if (journal == nullptr) {
    return Error{ErrorCode::invalid_argument,
                 "a log in PostgreSQL is backed up with its database: use pg_basebackup or the "
                 "service's backups"};
  }
  const auto backup = engines::back_up_stopped(journal->data_dir, target, SystemClock().now_us());
  if (!backup) return backup.error();
  return json_of_backup(target, *backup);
}

int run_backup(const BackupOptions& options) {
  // The node writes the backup, and may have another current directory.
  const fs::path target = fs::absolute(options.target).lexically_normal();
  Result<Json> done = Error{ErrorCode::invalid_argument, ""};
  if (options.source.is_stopped_node()) {
    done = back_up_stopped_node(options, target);
  } else {
    auto node = ServerClient::open(options.source.server);
    if (!node) return fail(node.error());
    done = node->post("/api/v1/backup", Json{{"target", target.string()}}.dump());
  }
  if (!done) return fail(done.error());
  print(*done, options.format);
  return exit_ok;
}

int run_restore(const RestoreOptions& options) {
  const auto backup = engines::restore_backup(options.backup, options.data_dir);
  if (!backup) return fail(backup.error());
  print(json_of_backup(options.data_dir, *backup), options.format);
  return exit_ok;
}

}  // namespace

void add_backup(CLI::App& app, Action& action) {
  auto options = std::make_shared<BackupOptions>();
  CLI::App* command =
      add_command(app, "backup", "copy the data of a node, while it runs or when it is stopped");
  command
      ->add_option("target", options->target, "new or empty directory, on the machine of the node")
      ->type_name("TARGET")
      ->required();
  add_source_options(*command, options->source);
  add_format(*command, options->format);
  command->footer(
      "A running node writes the backup itself, as the user it runs as. It goes on meanwhile; its\n"
      "log keeps all segments until the copy is complete.");
  command->callback([options, &action] {
    action = [options] {
      return run_backup(*options);
    };
  });
}

void add_restore(CLI::App& app, Action& action) {
  auto options = std::make_shared<RestoreOptions>();
  CLI::App* command = add_command(app, "restore", "make a data directory from a backup");
  command->add_option("backup", options->backup, "directory that `backup` has written")
      ->type_name("BACKUP")
      ->required();
  command->add_option("--data-dir", options->data_dir, "new or empty directory")
      ->type_name("DIR")
      ->required();
  add_format(*command, options->format);
  command->footer(
      "What the node confirmed after the backup was made is not in it. The node asks all other\n"
      "nodes before it serves; if one remembers more, it ends unless started with --accept-loss.");
  command->callback([options, &action] {
    action = [options] {
      return run_restore(*options);
    };
  });
}

}  // namespace millrace::cli
