// The one binary of Millrace.
#include <iostream>

#include "apps/millrace/command_line.hpp"
#include "apps/millrace/exit_code.hpp"

namespace {

// CLI11 has exit codes of its own; help is no error, every other parse error is a usage error.
int explain(const CLI::App& app, const CLI::ParseError& error, int argc, char** argv) {
  if (error.get_exit_code() == 0) {
    return app.exit(error);
  }
  app.exit(error, std::cerr, std::cerr);
  if (argc > 1) {
    const std::string word = argv[1];
    const std::string near = millrace::cli::nearest_command(app, word);
    if (!near.empty() && near != word) std::cerr << "Did you mean '" << near << "'?\n";
  }
  return millrace::cli::exit_usage;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Millrace: actor pipelines that neither lose nor repeat work", "millrace"};
  app.require_subcommand(1);
  millrace::cli::Action action;
  millrace::cli::add_simulate(app, action);
  millrace::cli::add_queue(app, action);
  millrace::cli::add_dlq(app, action);
  millrace::cli::add_order(app, action);
  millrace::cli::add_bench(app, action);
  millrace::cli::add_version(app, action);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return explain(app, error, argc, argv);
  }
  try {
    return action();
  } catch (const std::exception& error) {
    std::cerr << "millrace: error: " << error.what() << '\n';
    return millrace::cli::exit_failed;
  }
}
