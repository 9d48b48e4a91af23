// The one binary of Millrace.
#include <cstdio>
#include <iostream>

#include "apps/millrace/command_line.hpp"
#include "apps/millrace/exit_code.hpp"

namespace {

bool takes_subcommand(const CLI::App& app) {
  return app.get_require_subcommand_min() > 0;
}

void explain_unknown(const CLI::App& group, const std::string& word) {
  std::cerr << "millrace: error: unknown command '" << word << "'\n";
  const std::string near = millrace::cli::nearest_command(group, word);
  if (!near.empty()) std::cerr << "Did you mean '" << near << "'?\n";
  std::cerr << "Run with --help for more information.\n";
}

// CLI11 has exit codes of its own; help is no error, every other parse error is a usage error.
int explain(const CLI::App& app, const CLI::ParseError& error, int argc, char** argv) {
  if (error.get_exit_code() == 0) {
    return app.exit(error);
  }
  const CLI::App* group = &app;
  for (int i = 1; i < argc && argv[i][0] != '-'; ++i) {
    const auto named = group->get_subcommands(
        [word = std::string(argv[i])](const CLI::App* each) { return each->get_name() == word; });
    if (named.empty()) {
      if (!takes_subcommand(*group)) break;
      explain_unknown(*group, argv[i]);
      return millrace::cli::exit_usage;
    }
    group = named[0];
  }
  app.exit(error, std::cerr, std::cerr);
  return millrace::cli::exit_usage;
}

}  // namespace

int main(int argc, char** argv) try {
  CLI::App app{"Millrace: actor pipelines that neither lose nor repeat work", "millrace"};
  app.require_subcommand(1);
  millrace::cli::Action action;
  millrace::cli::add_node(app, action);
  millrace::cli::add_dev(app, action);
  millrace::cli::add_simulate(app, action);
  millrace::cli::add_status(app, action);
  millrace::cli::add_top(app, action);
  millrace::cli::add_queue(app, action);
  millrace::cli::add_dlq(app, action);
  millrace::cli::add_order(app, action);
  millrace::cli::add_pipeline(app, action);
  millrace::cli::add_bench(app, action);
  millrace::cli::add_config(app, action);
  millrace::cli::add_cluster(app, action);
  millrace::cli::add_completions(app, action);
  millrace::cli::add_version(app, action);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return explain(app, error, argc, argv);
  }
  return action();
} catch (const std::exception& error) {
  std::fprintf(stderr, "millrace: error: %s\n", error.what());
  return millrace::cli::exit_failed;
}
