// millrace simulate, and the hidden command simulate-node that runs a node process of a simulation.
#include <filesystem>
#include <iostream>
#include <memory>

#include <unistd.h>

#include "actors/base/temporary_directory.hpp"
#include "apps/cli/command_line.hpp"
#include "apps/cli/exit_code.hpp"
#include "apps/cli/output.hpp"
#include "apps/cli/validators.hpp"
#include "apps/millrace/simulate_servers.hpp"
#include "apps/report/json.hpp"
#include "apps/report/page/files.hpp"
#include "apps/report/verdict.hpp"
#include "apps/simulate/interruption.hpp"
#include "apps/simulate/node/node.hpp"
#include "apps/simulate/simulate.hpp"

namespace millrace::cli {
namespace {

using simulate::Options;

void add_load(CLI::App& command, Options& options) {
  command.add_option("--orders", options.orders, "orders to place")
      ->check(whole_number)
      ->capture_default_str();
  command.add_option("--customers", options.customers, "customers; default: a tenth of the orders");
  command.add_option("--skus", options.skus, "number of SKUs")->capture_default_str();
  command
      .add_option("--arrival", options.arrival, "steady:RATE | burst:RATE,SIZE,EVERY | closed:N")
      ->capture_default_str();
  command
      .add_option("--gateway-faults", options.gateway_faults,
                  "share of payment calls that fail, 0 to 1")
      ->capture_default_str();
  command.add_option("--seed", options.seed, "seed of load and faults; default: random")
      ->check(whole_number);
}

/// Creates the directory and checks that it is writable: before the run, so that no results are
/// lost.
Result<void> make_directory(const char* flag, const std::filesystem::path& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) {
    return Error{ErrorCode::storage_failed,
                 std::string(flag) + ": " + path.string() + " cannot be made: " + error.message()};
  }
  if (access(path.c_str(), W_OK) != 0) {
    return Error{ErrorCode::storage_failed,
                 std::string(flag) + ": " + path.string() + " cannot be written to"};
  }
  return {};
}

/// The data directory of a run: that of --data-dir, or a temporary one.
class RunDirectory {
 public:
  static Result<RunDirectory> prepare(const std::filesystem::path& given, bool has_servers) {
    RunDirectory directory;
    if (!given.empty()) {
      directory.path_ = given;
      std::error_code error;
      if (std::filesystem::exists(given, error) && !std::filesystem::is_directory(given, error)) {
        return Error{ErrorCode::invalid_argument,
                     "--data-dir: expected a directory, got the file " + given.string()};
      }
      if (std::filesystem::exists(given, error) && !std::filesystem::is_empty(given, error)) {
        return Error{ErrorCode::invalid_argument,
                     "--data-dir: expected an empty or new directory, got " + given.string() +
                         ", which holds something"};
      }
      if (auto made = make_directory("--data-dir", given); !made) return made.error();
      return directory;
    }
    auto made = TemporaryDirectory::make("millrace-");
    if (!made) return made.error();
    directory.path_ = made->path() / "data";
    directory.temporary_ = made->path();
    made->keep();  // removed after the run only on PASS
    // The servers may run as another user, and have a directory of their own in it.
    std::error_code error;
    using std::filesystem::perms;
    if (has_servers) {
      std::filesystem::permissions(
          directory.temporary_, perms::owner_all | perms::group_exec | perms::others_exec, error);
    }
    return directory;
  }

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] bool is_temporary() const { return !temporary_.empty(); }
  void remove_if_temporary() const {
    std::error_code ignored;
    if (is_temporary()) std::filesystem::remove_all(temporary_, ignored);
  }

 private:
  std::filesystem::path path_;
  std::filesystem::path temporary_;
};

/// Prints the verdict, or the report as JSON, and writes the report directory if set.
Result<void> show(const Options& options, const report::RunReport& report) {
  Result<void> written;
  if (!options.report_dir.empty()) written = report::write_report(report, options.report_dir);
  if (options.json) {
    std::cout << report::to_json(report) << '\n';
  } else {
    std::cout << report::verdict_text(report,
                                      {.color = report::use_color(options.color, STDOUT_FILENO),
                                       .directory = options.report_dir.string()});
  }
  return written;
}

/// Returns exit_negative for a broken invariant, also in an unfinished run; exit_failed for an
/// unfinished run without one.
int exit_of(const report::RunReport& report, const Result<void>& written) {
  if (!written) return fail(written.error());
  if (!report.failure.empty()) std::cerr << "millrace: error: " << report.failure << '\n';
  if (report::passed(report)) return exit_ok;
  return report.failure.empty() || !report::held(report) ? exit_negative : exit_failed;
}

/// Completes and checks the options; creates the report directory.
Result<void> prepare(Options& options) {
  if (auto complete = simulate::complete(options); !complete) return complete;
  if (options.report_dir.empty()) return {};
  return make_directory("--report", options.report_dir);
}

int run_simulate(Options options) {
  if (auto prepared = prepare(options); !prepared) return fail(prepared.error());
  const bool has_servers = options.log == simulate::LogKind::postgres && options.dsn.empty();
  auto directory = RunDirectory::prepare(options.data_dir, has_servers);
  if (!directory) return fail(directory.error());
  options.data_dir = directory->path();
  auto report = simulate::simulate(options);
  if (!report) {
    const int status = fail(report.error());
    std::error_code ignored;
    const bool is_unused = !std::filesystem::exists(options.data_dir, ignored);
    if (is_unused || simulate::interruption() != 0) directory->remove_if_temporary();
    if (simulate::interruption() == 0) return status;
    return exit_signal + simulate::interruption();
  }
  const Result<void> written = show(options, *report);
  if (report::passed(*report)) {
    directory->remove_if_temporary();
  } else {
    std::cerr << "data     " << options.data_dir.string() << " is kept\n";
  }
  return exit_of(*report, written);
}

int run_remote(Options options, const SimulateServers& servers) {
  if (auto prepared = prepare(options); !prepared) return fail(prepared.error());
  const auto remote = remote_options(servers, options);
  if (!remote) return fail(remote.error());
  const auto report = simulate::simulate_remote(*remote);
  if (!report) {
    const int status = fail(report.error());
    return simulate::interruption() == 0 ? status : exit_signal + simulate::interruption();
  }
  const Result<void> written = show(options, *report);
  if (!options.json) {
    std::cout << "audited  I5, I8 and I9 of orders " << simulate::order_ids(*report)
              << ", over HTTP; --help lists the invariants not checked\n";
  }
  return exit_of(*report, written);
}

int run_node(const Options& options, const simulate::NodeOptions& own, int witness_fd) {
  auto witness = simulate::WitnessMemory::open(witness_fd);
  if (!witness) return fail(witness.error());
  return simulate::run_node(options, own, *witness);
}

/// Adds --crash, --faults and --fault-count.
void add_faults(CLI::App& command, const std::shared_ptr<Options>& options) {
  command
      .add_option("--crash", options->crashes,
                  "kill a node this many times: while it works, recovers or stops")
      ->capture_default_str();
  command
      .add_option_function<std::vector<std::string>>(
          "--faults",
          [options](const std::vector<std::string>& names) {
            for (const std::string& name : names) {
              const auto kind = simulate::parse_fault_kind(name);
              if (!kind) {
                throw CLI::ValidationError(
                    "--faults",
                    "expected some of " + std::string(simulate::fault_kinds) + ", got " + name);
              }
              options->fault_kinds.push_back(*kind);
            }
          },
          std::string("list of ") + simulate::fault_kinds)
      ->delimiter(',');
  command.add_option("--fault-count", options->fault_count,
                     "total number of these faults; default: two of each kind");
}

void add_place(CLI::App& command, Options& options) {
  command.add_option("--nodes", options.nodes, "number of nodes, each a process")
      ->capture_default_str();
  command
      .add_option("--standbys", options.standbys,
                  "with logs in PostgreSQL: processes beyond the nodes, which take the place of\n"
                  "any process that ends or falls silent")
      ->capture_default_str();
  command.add_flag_callback(
      "--no-follow", [&options] { options.follow = false; },
      "standbys do not follow the logs of the nodes: who takes one over reads it first");
  command
      .add_option_function<std::string>(
          "--placement",
          [&options](const std::string& name) {
            options.placement =
                name == "roles" ? simulate::Placement::roles : simulate::Placement::spread;
          },
          "spread: every queue is on all nodes; roles: orders, stock and payments\n"
          "are on different ones, so that an order crosses at each of these steps")
      ->check(CLI::IsMember({"spread", "roles"}))
      ->default_str("spread");
  command.add_option("--shards", options.shards, "shards of each queue; default: two per node")
      ->check([](const std::string& text) {
        return text == "0" ? std::string("expected 1 to 64, got 0") : std::string();
      });
  command
      .add_option_function<std::string>(
          "--log",
          [&options](const std::string& name) {
            options.log =
                name == "postgres" ? simulate::LogKind::postgres : simulate::LogKind::journal;
          },
          "what keeps the logs of the nodes; postgres: a primary and a synchronous standby that\n"
          "the run starts, of the programs of the package postgresql")
      ->check(CLI::IsMember({"journal", "postgres"}))
      ->default_str("journal");
  command
      .add_option(
          "--dsn", options.dsn,
          "connection string of a PostgreSQL that runs and keeps the logs of the nodes, in\n"
          "a new schema")
      ->type_name("DSN");
  command
      .add_option("--state-cache", options.state_cache,
                  "keyed state in memory, such as 16MiB; the rest is on disk; default: all")
      ->type_name("SIZE");
  command.add_option("--data-dir", options.data_dir,
                     "empty or new directory; default: a temporary one, removed after a PASS");
}

/// Adds --server and its options, and excludes the options of own nodes.
void add_servers(CLI::App& command, SimulateServers& servers) {
  CLI::Option* server =
      command
          .add_option("--server", servers.urls,
                      "HTTP addresses of running nodes, separated by commas or repeated:\n"
                      "places the orders there; the audit is limited to the HTTP API")
          ->delimiter(',')
          ->allow_extra_args(false)
          ->type_name("URL");
  command
      .add_option("--timeout", servers.timeout_s,
                  "with --server: seconds without an answer or progress\n"
                  "until the run gives up")
      ->check(CLI::Range(1, 86'400))
      ->capture_default_str()
      ->needs(server);
  command
      .add_option("--token-file", servers.token_file,
                  "with --server: file with the HTTP token; default: MILLRACE_TOKEN_FILE")
      ->type_name("FILE")
      ->needs(server);
  for (const char* own :
       {"--nodes", "--standbys", "--no-follow", "--placement", "--shards", "--log", "--dsn",
        "--data-dir", "--crash", "--faults", "--fault-count", "--gateway-faults"}) {
    server->excludes(own);
  }
  command.footer(
      std::string("With --server, ") + simulate::remote_invariants +
      ".\nMILLRACE_URL is ignored, so that no cluster is loaded by accident.\n\n"
      "Exit status: 0 PASS, 1 the run could not be finished, 3 no node answers, 4 FAIL.");
}

}  // namespace

void add_simulate(CLI::App& app, Action& action) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      add_command(app, "simulate", "run the order workflow under load and audit the result");
  add_load(*command, *options);
  add_place(*command, *options);
  add_faults(*command, options);
  auto servers = std::make_shared<SimulateServers>();
  add_servers(*command, *servers);
  command->add_option("--report", options->report_dir, "directory for index.html and report.json")
      ->type_name("DIR");
  command->add_flag("--json", options->json, "print the report as JSON");
  auto color = std::make_shared<std::string>("auto");
  command->add_option("--color", *color, "auto, always or never")
      ->check(CLI::IsMember({"auto", "always", "never"}));
  command->callback([options, servers, color, command, &action] {
    const bool is_journal = options->log == simulate::LogKind::journal;
    if (command->count("--log") > 0 && is_journal && !options->dsn.empty()) {
      throw CLI::ValidationError("--dsn",
                                 "expected --log postgres, or none, beside it, got --log "
                                 "journal");
    }
    options->color = report::parse_color(*color).value_or(report::ColorChoice::automatic);
    action = [options, servers] {
      return servers->urls.empty() ? run_simulate(*options) : run_remote(*options, *servers);
    };
  });

  auto node_options = std::make_shared<Options>();
  auto own = std::make_shared<simulate::NodeOptions>();
  auto witness_fd = std::make_shared<int>(-1);
  CLI::App* node = add_command(app, "simulate-node", "the node of a simulation")->group("");
  add_load(*node, *node_options);
  node->add_option("--checkpoint-bytes", node_options->checkpoint_bytes);
  node->add_option("--config", own->config);
  node->add_option("--set", own->sets);
  node->add_option("--process", own->process)->required();
  node->add_option("--node", own->node);
  node->add_option("--witness-fd", *witness_fd)->required();
  node->callback([node_options, own, witness_fd, &action] {
    action = [node_options, own, witness_fd] {
      return run_node(*node_options, *own, *witness_fd);
    };
  });
}

}  // namespace millrace::cli
