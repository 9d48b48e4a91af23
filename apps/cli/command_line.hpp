// The pieces that program.cpp hangs into the command line, one for each subject.
#pragma once

#include <functional>

#include <CLI/CLI.hpp>

namespace millrace::cli {

/// What the chosen command does; its result is the exit status.
using Action = std::function<int()>;

// Each adds its subcommands to `app`; the one that the user names stores what is to be done in
// `action`, which outlives the parsing.
void add_dev(CLI::App& app, Action& action);
void add_simulate(CLI::App& app, Action& action);
void add_status(CLI::App& app, Action& action);
void add_top(CLI::App& app, Action& action);
void add_queue(CLI::App& app, Action& action);
void add_dlq(CLI::App& app, Action& action);
void add_order(CLI::App& app, Action& action);
void add_pipeline(CLI::App& app, Action& action);
void add_bench(CLI::App& app, Action& action);
void add_config(CLI::App& app, Action& action);
void add_cluster(CLI::App& app, Action& action);
void add_completions(CLI::App& app, Action& action);
void add_shards(CLI::App& group, Action& action);
void add_move_shard(CLI::App& group, Action& action);
void add_leave(CLI::App& group, Action& action);
void add_version(CLI::App& app, Action& action);

/// The known command nearest to `word` by edit distance, where one is near; else empty.
[[nodiscard]] std::string nearest_command(const CLI::App& app, const std::string& word);

}  // namespace millrace::cli
