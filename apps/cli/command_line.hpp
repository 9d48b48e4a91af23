// The commands of the command line; program.cpp adds them to the CLI11 application.
#pragma once

#include <functional>
#include <string>

#include <CLI/CLI.hpp>

namespace millrace::cli {

/// Runs the command that the user chose. Called once, after parsing; returns the exit status.
using Action = std::function<int()>;

/// Adds a subcommand to `parent`, which owns it. CLI11 is header-only: a source that calls
/// CLI::App::add_subcommand itself compiles most of the library again.
CLI::App* add_command(CLI::App& parent, std::string name, std::string description);

// Each adds a command to `app` or `group`. When the command is parsed, its callback sets `action`.
// REQUIRES: `action` outlives the parsing.
void add_dev(CLI::App& app, Action& action);
void add_simulate(CLI::App& app, Action& action);
void add_status(CLI::App& app, Action& action);
void add_top(CLI::App& app, Action& action);
void add_queue(CLI::App& app, Action& action);
void add_dlq(CLI::App& app, Action& action);
void add_order(CLI::App& app, Action& action);
void add_pipeline(CLI::App& app, Action& action);
void add_explain(CLI::App& app, Action& action);
void add_pause(CLI::App& app, Action& action);
void add_resume(CLI::App& app, Action& action);
void add_topic(CLI::App& app, Action& action);
void add_group(CLI::App& app, Action& action);
void add_backup(CLI::App& app, Action& action);
void add_restore(CLI::App& app, Action& action);
void add_log(CLI::App& app, Action& action);
void add_bench(CLI::App& app, Action& action);
void add_config(CLI::App& app, Action& action);
void add_cluster(CLI::App& app, Action& action);
void add_completions(CLI::App& app, Action& action);
void add_man(CLI::App& app, Action& action);
void add_shards(CLI::App& group, Action& action);
void add_move_shard(CLI::App& group, Action& action);
void add_leave(CLI::App& group, Action& action);
void add_grow(CLI::App& group, Action& action);
void add_rebalance(CLI::App& group, Action& action);
void add_remove(CLI::App& group, Action& action);
void add_version(CLI::App& app, Action& action);

/// Returns the command of `app` nearest to `word` by edit distance; empty if none is near.
[[nodiscard]] std::string nearest_command(const CLI::App& app, const std::string& word);

}  // namespace millrace::cli
