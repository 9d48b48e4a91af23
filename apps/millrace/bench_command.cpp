// millrace bench: measures throughput and latency, and raw limits of the disk in the same run.
#include <filesystem>
#include <fstream>
#include <memory>

#include "actors/base/temporary_directory.hpp"
#include "apps/bench/cluster_bench.hpp"
#include "apps/bench/journal_bench.hpp"
#include "apps/bench/log_bench.hpp"
#include "apps/bench/pipeline_bench.hpp"
#include "apps/bench/postgres_bench.hpp"
#include "apps/bench/queue_bench.hpp"
#include "apps/bench/state_bench.hpp"
#include "apps/cli/command_line.hpp"
#include "apps/cli/exit_code.hpp"
#include "apps/cli/output.hpp"
#include "apps/cli/validators.hpp"
#include "apps/millrace/bench_load_command.hpp"
#include "apps/millrace/bench_output.hpp"

namespace millrace::cli {
namespace {

struct Common {
  std::string dir;
  bool json = false;
};

void add_common(CLI::App& command, Common& common) {
  command
      .add_option("--dir", common.dir,
                  "parent of the scratch directory; default: the working directory")
      ->type_name("DIR");
  command.add_flag("--json", common.json, "one JSON object per line");
}

/// A scratch directory in --dir or the working directory; removed after the benchmark.
Result<TemporaryDirectory> make_scratch(const Common& common) {
  return TemporaryDirectory::make(
      common.dir.empty() ? std::filesystem::current_path() : std::filesystem::path(common.dir),
      "millrace-bench-");
}

int run_journal(const Common& common, const std::vector<std::size_t>& batches,
                bench::JournalBenchOptions options) {
  for (const std::size_t batch : batches) {
    const auto scratch = make_scratch(common);
    if (!scratch) return fail(scratch.error());
    options.dir = scratch->path() / "journal";
    options.batch = batch;
    const auto figures = bench::run_journal_bench(options);
    if (!figures) return fail(figures.error());
    print_line({{"bench", "journal"},
                {"payload_bytes", options.payload_bytes},
                {"batch", batch},
                {"messages", figures->messages},
                {"messages_per_s", figures->messages_per_s},
                {"limit", "raw O_DIRECT pwrite + fdatasync"},
                {"limit_per_s", figures->raw_messages_per_s},
                {"ratio", figures->ratio},
                {"p50_us", figures->p50_us},
                {"p99_us", figures->p99_us},
                {"p999_us", figures->p999_us},
                {"rss_peak_bytes", figures->rss_peak_bytes},
                {"cpu_s", figures->cpu_s},
                {"written_bytes", figures->written_bytes}},
               common.json);
  }
  return exit_ok;
}

struct Database {
  std::string dsn_file;
  bool allow_unreplicated = false;
};

struct LogBench {
  bench::LogBenchOptions options;
  Database database;
  std::size_t group_bytes = 256U << 10;
};

CLI::Option* add_database(CLI::App& command, Database& database) {
  command.add_flag("--allow-unreplicated", database.allow_unreplicated,
                   "take a server whose commits wait for no standby");
  return command
      .add_option("--dsn-file", database.dsn_file, "file whose first line is a DSN of PostgreSQL")
      ->type_name("FILE");
}

/// The DSN is the first line of its file.
Result<bench::BenchDatabase> read_database(const Database& database) {
  std::ifstream file(database.dsn_file);
  std::string dsn;
  if (std::getline(file, dsn) && !dsn.empty()) {
    return bench::BenchDatabase{.dsn = dsn, .allow_unreplicated = database.allow_unreplicated};
  }
  return Error{ErrorCode::not_found, database.dsn_file + ": expected a DSN in the first line"};
}

int run_log(const Common& common, const LogBench& bench) {
  const Result<bench::BenchDatabase> database = read_database(bench.database);
  if (!database) return fail(database.error());
  const auto scratch = make_scratch(common);
  if (!scratch) return fail(scratch.error());
  const std::pair<const char*, std::shared_ptr<logs::Engine>> engines[] = {
      {"journal", bench::journal_for_bench(scratch->path() / "data", bench.group_bytes)},
      {"postgres", bench::postgres_for_bench(*database, "bench", bench.group_bytes)}};
  for (const auto& [name, engine] : engines) {
    const auto figures = bench::run_log_bench(*engine, bench.options);
    if (!figures) return fail(figures.error());
    print_line({{"bench", "log"},
                {"engine", name},
                {"payload_bytes", bench.options.payload_bytes},
                {"window", bench.options.window},
                {"records", figures->records},
                {"records_per_s", figures->records_per_s},
                {"groups_per_s", figures->groups_per_s},
                {"bytes_per_s", figures->bytes_per_s},
                {"p50_us", figures->p50_us},
                {"p99_us", figures->p99_us},
                {"cpu_s", figures->cpu_s}},
               common.json);
  }
  return exit_ok;
}

nlohmann::ordered_json sink_json(const bench::SinkFigures& figures) {
  return {{"p50_us", figures.p50_us},     {"p99_us", figures.p99_us},
          {"p999_us", figures.p999_us},   {"max_us", figures.max_us},
          {"received", figures.received}, {"repeated", figures.repeated}};
}

/// Prints the result line. Returns exit_ok if the sink received each message exactly once, else
/// exit_negative.
int finish_pipeline(nlohmann::ordered_json line, const bench::SinkFigures& figures,
                    std::uint64_t messages, bool json) {
  line.update(sink_json(figures));
  print_line(line, json);
  return figures.received == messages && figures.repeated == 0 ? exit_ok : exit_negative;
}

int run_pipeline(const Common& common, bench::PipelineBenchOptions options,
                 const std::string& engine) {
  const auto scratch = make_scratch(common);
  if (!scratch) return fail(scratch.error());
  options.data_dir = scratch->path() / "data";
  const auto figures = bench::run_pipeline_bench(options);
  if (!figures) return fail(figures.error());
  return finish_pipeline(
      {{"bench", "pipeline"},
       {"engine", engine},
       {"payload_bytes", options.payload_bytes},
       {"shards", options.shards},
       {"messages", options.messages},
       {"messages_per_s", figures->messages_per_s},
       {"limit", "raw O_DIRECT pwrite + fdatasync of 256 messages, for each hop"},
       {"limit_per_s", figures->limit_per_s},
       {"ratio", figures->ratio},
       {"rss_peak_bytes", figures->rss_peak_bytes},
       {"cpu_s", figures->cpu_s},
       {"written_bytes", figures->written_bytes}},
      *figures, options.messages, common.json);
}

constexpr std::size_t postgres_group_bytes = 64U << 10;

/// A pipeline whose log is in PostgreSQL: that of no run before, and removed afterwards.
int run_pipeline_in(const Database& told, const Common& common,
                    bench::PipelineBenchOptions options) {
  static const std::string seat = "pipeline";
  const Result<bench::BenchDatabase> database = read_database(told);
  if (!database) return fail(database.error());
  if (auto removed = bench::remove_bench_seat(*database, seat); !removed) {
    return fail(removed.error());
  }
  options.engine = bench::postgres_for_bench(*database, seat, postgres_group_bytes);
  const int status = run_pipeline(common, options, "postgres");
  options.engine.reset();
  const auto removed = bench::remove_bench_seat(*database, seat);
  return removed ? status : fail(removed.error());
}

int run_cluster_pipeline(const Common& common, bench::ClusterBenchOptions options) {
  const auto scratch = make_scratch(common);
  if (!scratch) return fail(scratch.error());
  options.folder = scratch->path();
  const auto figures = bench::run_cluster_bench(options);
  if (!figures) return fail(figures.error());
  return finish_pipeline({{"bench", "pipeline"},
                          {"nodes", 2},
                          {"payload_bytes", options.production.payload_bytes},
                          {"shards", options.shards},
                          {"messages", options.production.messages},
                          {"paused_s", options.pause_s},
                          {"messages_per_s", figures->messages_per_s},
                          {"rss_peak_source_bytes", figures->rss_peak_source_bytes},
                          {"rss_peak_sink_bytes", figures->rss_peak_sink_bytes},
                          {"cpu_s", figures->cpu_s}},
                         *figures, options.production.messages, common.json);
}

bench::ClusterBenchOptions over_nodes(const bench::PipelineBenchOptions& options,
                                      std::uint32_t pause_s) {
  return {.folder = {},
          .production = {.messages = options.messages,
                         .payload_bytes = options.payload_bytes,
                         .rate_per_s = options.rate_per_s},
          .shards = options.shards,
          .window = options.window,
          .pause_s = pause_s};
}

/// Adds the hidden command that runs a node of the benchmark in its own process.
void add_bench_node(CLI::App& app, Action& action) {
  auto options = std::make_shared<bench::ClusterBenchOptions>();
  auto config = std::make_shared<std::string>();
  auto name = std::make_shared<std::string>();
  CLI::App* command = add_command(app, "bench-node", "a node of a benchmark")->group("");
  command->add_option("--config", *config)->required();
  command->add_option("--name", *name)->required();
  command->add_option("--messages", options->production.messages);
  command->add_option("--payload", options->production.payload_bytes);
  command->add_option("--rate", options->production.rate_per_s);
  command->add_option("--shards", options->shards);
  command->add_option("--window", options->window);
  command->callback([=, &action] {
    action = [=] {
      const auto run = bench::run_bench_node(*config, *name == "source", *options);
      return run ? static_cast<int>(exit_ok) : fail(run.error());
    };
  });
}

int run_queue(const Common& common, bench::QueueBenchOptions options) {
  const auto scratch = make_scratch(common);
  if (!scratch) return fail(scratch.error());
  options.data_dir = scratch->path() / "data";
  const auto figures = bench::run_queue_bench(options);
  if (!figures) return fail(figures.error());
  print_line({{"bench", "queue"},
              {"payload_bytes", options.payload_bytes},
              {"shards", options.shards},
              {"messages", options.messages},
              {"messages_per_s", figures->fill_per_s},
              {"limit", "raw O_DIRECT pwrite + fdatasync of 256 messages"},
              {"limit_per_s", figures->limit_per_s},
              {"ratio", figures->ratio},
              {"restart_s", figures->restart_s},
              {"drain_per_s", figures->drain_per_s},
              {"received", figures->received},
              {"out_of_order", figures->out_of_order},
              {"rss_filled_bytes", figures->rss_filled_bytes},
              {"rss_restarted_bytes", figures->rss_restarted_bytes},
              {"rss_peak_bytes", figures->rss_peak_bytes},
              {"cpu_s", figures->cpu_s},
              {"written_bytes", figures->written_bytes}},
             common.json);
  return figures->received == options.messages && figures->out_of_order == 0 ? exit_ok
                                                                             : exit_negative;
}

int run_state(const Common& common, bench::StateBenchOptions options, std::uint64_t cache_mib,
              std::uint64_t keep_ms) {
  const auto scratch = make_scratch(common);
  if (!scratch) return fail(scratch.error());
  options.data_dir = scratch->path() / "data";
  options.state_cache_bytes = cache_mib << 20;
  options.keep_state = std::chrono::milliseconds(keep_ms);
  const auto figures = bench::run_state_bench(options);
  if (!figures) return fail(figures.error());
  for (const bench::StateBenchTenth& tenth : figures->tenths) {
    print_line({{"bench", "state_tenth"},
                {"seconds", tenth.seconds},
                {"cpu_seconds", tenth.cpu_seconds},
                {"rss_bytes", tenth.rss_bytes},
                {"state_disk_bytes", tenth.state_disk_bytes},
                {"log_disk_bytes", tenth.log_disk_bytes}},
               common.json);
  }
  print_line(
      {{"bench", "state"},
       {"keys", options.keys},
       {"messages_per_key", options.messages_per_key},
       {"payload_bytes", options.payload_bytes},
       {"state_cache_bytes", options.state_cache_bytes},
       {"keep_state_ms", keep_ms},
       {"seconds", figures->seconds},
       {"first_tenth_per_s", figures->first_per_s},
       {"last_tenth_per_s", figures->last_per_s},
       {"ratio", figures->ratio},
       {"cpu_ratio", figures->cpu_ratio},
       {"rss_peak_bytes", figures->rss_peak_bytes},
       {"checkpoints", figures->checkpoints.written},
       {"checkpoint_mean_s", figures->checkpoints.written == 0
                                 ? 0
                                 : static_cast<double>(figures->checkpoints.duration_us_sum) / 1e6 /
                                       static_cast<double>(figures->checkpoints.written)},
       {"checkpoint_longest_s",
        static_cast<double>(figures->checkpoints.longest_duration_us) / 1e6},
       {"state_misses", figures->states.misses},
       {"stop_s", figures->stop_s},
       {"restart_s", figures->restart_s},
       {"checkpoint_bytes", figures->checkpoint_bytes},
       {"state_disk_bytes", figures->state_disk_bytes},
       {"log_disk_bytes", figures->log_disk_bytes},
       {"wrong", figures->wrong},
       {"missing", figures->missing}},
      common.json);
  return figures->wrong == 0 && figures->missing == 0 ? exit_ok : exit_negative;
}

using SharedCommon = std::shared_ptr<Common>;

void add_journal(CLI::App& group, Action& action, const SharedCommon& common) {
  auto batches = std::make_shared<std::vector<std::size_t>>(std::vector<std::size_t>{1, 64, 1024});
  auto journal = std::make_shared<bench::JournalBenchOptions>();
  CLI::App* journal_command =
      add_command(group, "journal", "durable appends, against raw writes of the same bytes");
  add_common(*journal_command, *common);
  journal_command->add_option("--payload", journal->payload_bytes, "bytes of a record")
      ->capture_default_str()
      ->check(CLI::Range(1, 1 << 20));
  journal_command->add_option("--batch", *batches, "records confirmed together")
      ->capture_default_str()
      ->check(CLI::Range(1, 65'536));
  journal_command->add_option("--seconds", journal->seconds, "of appending, for each batch size")
      ->capture_default_str()
      ->check(finite_number)
      ->check(CLI::Range(0.1, 600.0));
  journal_command->callback([=, &action] {
    action = [=] {
      return run_journal(*common, *batches, *journal);
    };
  });
}

void add_log(CLI::App& group, Action& action, const SharedCommon& common) {
  auto bench = std::make_shared<LogBench>();
  CLI::App* log_command =
      add_command(group, "log", "durable appends to a log in PostgreSQL, against the journal");
  add_common(*log_command, *common);
  add_database(*log_command, bench->database)->required();
  log_command->add_option("--payload", bench->options.payload_bytes, "bytes of a record")
      ->capture_default_str()
      ->check(CLI::Range(1, 1 << 20));
  log_command->add_option("--window", bench->options.window, "unconfirmed records")
      ->capture_default_str()
      ->check(CLI::Range(1, 1'000'000));
  log_command->add_option("--group", bench->group_bytes, "most bytes of a group")
      ->capture_default_str()
      ->check(CLI::Range(4 << 10, 64 << 20));
  log_command->add_option("--seconds", bench->options.seconds, "of appending, for each engine")
      ->capture_default_str()
      ->check(finite_number)
      ->check(CLI::Range(0.1, 600.0));
  log_command->callback([=, &action] {
    action = [=] {
      return run_log(*common, *bench);
    };
  });
}

void add_pipeline_bench(CLI::App& group, Action& action, const SharedCommon& common) {
  auto pipeline = std::make_shared<bench::PipelineBenchOptions>();
  CLI::App* pipeline_command = add_command(
      group, "pipeline", "a producer, three queues, two stages and a sink, durable at every hop");
  add_common(*pipeline_command, *common);
  pipeline_command->add_option("--messages", pipeline->messages)
      ->capture_default_str()
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1'000'000'000}));
  pipeline_command->add_option("--payload", pipeline->payload_bytes, "bytes of a message")
      ->capture_default_str()
      ->check(CLI::Range(20, 1 << 20));
  pipeline_command->add_option("--shards", pipeline->shards)
      ->capture_default_str()
      ->check(CLI::Range(1, 64));
  pipeline_command->add_option("--window", pipeline->window, "unconfirmed messages of the producer")
      ->capture_default_str()
      ->check(CLI::Range(1, 1'000'000));
  pipeline_command->add_option("--rate", pipeline->rate_per_s, "messages per second; 0: no limit")
      ->check(finite_number)
      ->check(CLI::Range(0.0, 1e9));
  pipeline_command->add_flag("--keyed", pipeline->keyed, "give every message a key of its own");
  auto database = std::make_shared<Database>();
  auto nodes = std::make_shared<std::uint32_t>(1);
  auto pause_s = std::make_shared<std::uint32_t>(0);
  CLI::Option* const in_database = add_database(*pipeline_command, *database);
  pipeline_command
      ->add_option("--nodes", *nodes, "1 or 2; with 2 every hop crosses nodes through TLS")
      ->capture_default_str()
      ->check(CLI::Range(1, 2))
      ->excludes(in_database);
  pipeline_command
      ->add_option("--pause", *pause_s,
                   "with 2 nodes: stop the node of the sink half-way for this many seconds")
      ->check(CLI::Range(0, 3'600));
  pipeline_command->callback([=, &action] {
    action = [=] {
      if (!database->dsn_file.empty()) return run_pipeline_in(*database, *common, *pipeline);
      if (*nodes == 1) return run_pipeline(*common, *pipeline, "journal");
      return run_cluster_pipeline(*common, over_nodes(*pipeline, *pause_s));
    };
  });
}

void add_queue_bench(CLI::App& group, Action& action, const SharedCommon& common) {
  auto queue = std::make_shared<bench::QueueBenchOptions>();
  CLI::App* queue_command =
      add_command(group, "queue", "fill a backlog on disk, restart, drain it in order");
  add_common(*queue_command, *common);
  queue_command->add_option("--messages", queue->messages)
      ->capture_default_str()
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{100'000'000}));
  queue_command->add_option("--payload", queue->payload_bytes, "bytes of a message")
      ->capture_default_str()
      ->check(CLI::Range(20, 1 << 20));
  queue_command->add_option("--shards", queue->shards)
      ->capture_default_str()
      ->check(CLI::Range(1, 64));
  queue_command->add_flag("--keyed", queue->keyed, "give every message a key of its own");
  queue_command->callback([=, &action] {
    action = [=] {
      return run_queue(*common, *queue);
    };
  });
}

void add_state_bench(CLI::App& group, Action& action, const SharedCommon& common) {
  auto state = std::make_shared<bench::StateBenchOptions>();
  auto cache_mib = std::make_shared<std::uint64_t>(256);
  auto keep_ms = std::make_shared<std::uint64_t>(0);
  CLI::App* command = add_command(
      group, "state", "a stage with state and history for more keys than fit in memory");
  add_common(*command, *common);
  command->add_option("--keys", state->keys)
      ->capture_default_str()
      ->check(CLI::Range(std::uint64_t{1'000}, std::uint64_t{1'000'000'000}));
  command->add_option("--messages-per-key", state->messages_per_key)
      ->capture_default_str()
      ->check(CLI::Range(1, 1'000));
  command->add_option("--payload", state->payload_bytes, "bytes of a message, value and entry")
      ->capture_default_str()
      ->check(CLI::Range(20, 1 << 20));
  command->add_option("--shards", state->shards)->capture_default_str()->check(CLI::Range(1, 64));
  command->add_option("--state-cache-mib", *cache_mib, "0: all keys are in memory")
      ->capture_default_str()
      ->check(CLI::Range(0, 1 << 20));
  command->add_option("--keep-state-ms", *keep_ms, "forget keys after this time; 0: never")
      ->check(CLI::Range(0, 1 << 30));
  command->callback([=, &action] {
    action = [=] {
      return run_state(*common, *state, *cache_mib, *keep_ms);
    };
  });
}

}  // namespace

void add_bench(CLI::App& app, Action& action) {
  add_bench_node(app, action);
  CLI::App* group = add_command(
      app, "bench", "measure throughput and latency on this machine, or of a running node");
  group->require_subcommand(1);
  const auto common = std::make_shared<Common>();
  add_journal(*group, action, common);
  add_log(*group, action, common);
  add_pipeline_bench(*group, action, common);
  add_queue_bench(*group, action, common);
  add_state_bench(*group, action, common);
  add_bench_publish(*group, action);
  add_bench_consume(*group, action);
}

}  // namespace millrace::cli
