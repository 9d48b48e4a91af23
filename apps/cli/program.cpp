#include "apps/cli/program.hpp"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <iostream>
#include <new>
#include <string>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include "actors/base/log_queue.hpp"
#include "actors/base/names.hpp"
#include "apps/cli/command_line.hpp"
#include "apps/cli/examples.hpp"
#include "apps/cli/exit_code.hpp"
#include "apps/cli/printable.hpp"

namespace millrace::cli {

namespace {

constexpr const char* name_characters =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

// Name under which the program was started; help and completions use it.
std::string name_of(int argc, char** argv) {
  std::string name = argc > 0 ? std::filesystem::path(argv[0]).filename().string() : "";
  if (name.empty() || name.find_first_not_of(name_characters) != std::string::npos) {
    name = "millrace";
  }
  return name;
}

// Opens /dev/null for each closed standard stream. Otherwise a data file could get the descriptor
// of a stream, and output to the stream would go to the file.
bool open_standard_streams() {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(fd, F_GETFD) < 0 && ::open("/dev/null", O_RDWR) != fd) return false;
  }
  return true;
}

// Returns exit_failed if the output of a successful command could not be written.
int flushed(int status) {
  if (std::cout.flush() || status != exit_ok) return status;
  std::cerr << "millrace: error: storage_failed: the standard output cannot be written\n";
  return exit_failed;
}

// Says why the process ends where an exception could not be caught: mostly for lack of memory.
[[noreturn]] void explain_termination() {
  const char* reason =
      "a thread could not be started or joined, for example for lack of memory (ulimit -v, "
      "TasksMax, "
      "MemoryMax)";
  std::string text;
  if (const std::exception_ptr thrown = std::current_exception()) {
    try {
      std::rethrow_exception(thrown);
    } catch (const std::bad_alloc&) {
      reason = "there is no more memory (ulimit -v, MemoryMax)";
    } catch (const std::exception& error) {
      text = error.what();
      reason = text.c_str();
    } catch (...) {
      reason = "an exception of an unknown type";
    }
  }
  flush_log();
  std::array<char, 2'048> line{};
  std::snprintf(line.data(), line.size(), "millrace: fatal: the process ends at once: %s\n",
                reason);
  write_last_words(line.data());
  std::abort();
}

bool takes_subcommand(const CLI::App& app) {
  return app.get_require_subcommand_min() > 0;
}

void explain_unknown(const CLI::App& group, const std::string& word) {
  std::cerr << "millrace: error: invalid_argument: unknown command '" << word << "'\n";
  const std::string near = nearest_command(group, word);
  if (!near.empty()) std::cerr << "Did you mean '" << near << "'?\n";
  std::cerr << "Run with --help for more information.\n";
}

// Prints a parse error. --help returns exit_ok, every other parse error exit_usage; the exit
// codes of CLI11 are not used.
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
      return exit_usage;
    }
    group = named[0];
  }
  if (group != &app && takes_subcommand(*group) && argv[argc - 1] == group->get_name()) {
    std::cout << group->help();
    return flushed(exit_ok);
  }
  std::cerr << "millrace: error: invalid_argument: " << printable(error.what()) << '\n'
            << "Run with --help for more information.\n";
  return exit_usage;
}

// The groups of the help, in its order.
void add_commands(CLI::App& app, Action& action, const Program& program) {
  const auto grouped = [&app](const char* group, auto add) {
    const std::size_t before = app.get_subcommands({}).size();
    add();
    const auto commands = app.get_subcommands({});
    for (std::size_t i = before; i < commands.size(); ++i) {
      const bool is_hidden = commands[i]->get_group().empty();
      if (!is_hidden) commands[i]->group(group);
    }
  };
  grouped("Run", [&] {
    add_node(app, action, program);
    add_dev(app, action);
    for (const auto& add : program.commands) add(app, action);
  });
  grouped("Look at a running cluster", [&] {
    add_status(app, action);
    add_top(app, action);
    add_pipeline(app, action);
    add_queue(app, action);
    add_dlq(app, action);
    add_explain(app, action);
    add_topic(app, action);
    add_group(app, action);
  });
  grouped("Steer it", [&] {
    add_pause(app, action);
    add_resume(app, action);
    add_cluster(app, action);
  });
  grouped("Look after its data", [&] {
    add_audit(app, action, program);
    add_backup(app, action);
    add_restore(app, action);
    add_log(app, action);
  });
  grouped("Help", [&] {
    add_config(app, action);
    add_completions(app, action);
    add_man(app, action);
    add_version(app, action);
  });
}

}  // namespace

int run_program(int argc, char** argv, const Program& program) try {
  if (!open_standard_streams()) return exit_failed;
  std::set_terminate(explain_termination);
  if (auto added = config::add_program_keys(program.keys); !added) {
    std::fprintf(stderr, "millrace: error: %s\n", added.error().message.c_str());
    return exit_usage;
  }
  CLI::App app{program.description, name_of(argc, argv)};
  app.require_subcommand(1);
  app.set_version_flag("--version", MILLRACE_VERSION, "print the version");
  Action action;
  add_commands(app, action, program);
  add_examples(app);
  if (argc == 1) {
    std::cout << app.help();
    return flushed(exit_ok);
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return explain(app, error, argc, argv);
  }
  return flushed(action());
} catch (const std::exception& error) {
  std::fprintf(stderr, "millrace: error: %s\n", error.what());
  return exit_failed;
}

std::string nearest_command(const CLI::App& app, const std::string& word) {
  std::vector<std::string> names;
  for (const CLI::App* command :
       app.get_subcommands([](const CLI::App* each) { return !each->get_group().empty(); })) {
    names.push_back(command->get_name());
  }
  return nearest_word(word, names);
}

}  // namespace millrace::cli
