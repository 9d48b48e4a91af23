// inference: a service in front of a simulated large language model, written with the public API of
// Millrace. Runs the same load without and with batching, and prints latencies and answers by
// tenant.
#include <cstdio>
#include <exception>
#include <filesystem>
#include <string>

#include <CLI/CLI.hpp>

#include "actors/base/temporary_directory.hpp"
#include "apps/inference/report.hpp"
#include "apps/inference/scenario.hpp"

namespace millrace::inference {
namespace {

struct Arguments {
  double seconds = 5;
  double rate = 400;
  std::uint64_t seed = 42;
  std::uint32_t fixed_ms = 20;
  std::uint32_t per_item_ms = 1;
  std::uint32_t batch_max = 32;
  std::uint32_t window_ms = 5;
  std::string data_dir;
};

void describe(CLI::App& app, Arguments& arguments) {
  app.add_option("--seconds", arguments.seconds, "how long callers ask, in each run")
      ->check(CLI::Range(0.1, 3600.0))
      ->capture_default_str();
  app.add_option("--rate", arguments.rate, "requests a second, of all tenants")
      ->check(CLI::Range(1.0, 100'000.0))
      ->capture_default_str();
  app.add_option("--seed", arguments.seed, "of the load")->capture_default_str();
  app.add_option("--fixed-ms", arguments.fixed_ms, "what any batch costs the model")
      ->check(CLI::Range(0, 60'000))
      ->capture_default_str();
  app.add_option("--per-item-ms", arguments.per_item_ms, "what each request adds to it")
      ->check(CLI::Range(0, 60'000))
      ->capture_default_str();
  app.add_option("--batch-max", arguments.batch_max, "requests in one batch")
      ->check(CLI::Range(2, 10'000))
      ->capture_default_str();
  app.add_option("--window-ms", arguments.window_ms, "how long the first of a batch waits for more")
      ->check(CLI::Range(0, 30'000))
      ->capture_default_str();
  app.add_option("--data-dir", arguments.data_dir,
                 "where the runs keep their queues; must not exist (default: a temporary one, "
                 "removed at the end)");
}

int run(const Arguments& arguments) {
  const auto temporary = TemporaryDirectory::make("inference-");
  if (!temporary) {
    std::fprintf(stderr, "inference: %s\n", temporary.error().message.c_str());
    return 1;
  }
  const std::filesystem::path root =
      arguments.data_dir.empty() ? temporary->path() : std::filesystem::path(arguments.data_dir);
  ScenarioOptions options;
  options.duration = std::chrono::milliseconds(static_cast<std::int64_t>(arguments.seconds * 1000));
  options.requests_per_s = arguments.rate;
  options.seed = arguments.seed;
  options.model.cost = {.fixed = std::chrono::milliseconds(arguments.fixed_ms),
                        .per_item = std::chrono::milliseconds(arguments.per_item_ms)};

  std::printf(
      "%.0f s of %.0f requests/s from %zu tenants; a batch of n costs %u + %u n ms; seed "
      "%llu\n\n",
      arguments.seconds, arguments.rate, options.tenants.size(), arguments.fixed_ms,
      arguments.per_item_ms, static_cast<unsigned long long>(arguments.seed));
  std::fflush(stdout);
  std::vector<NamedRun> runs;
  std::uint64_t wrong = 0;
  for (const std::uint32_t batch_max : {1u, arguments.batch_max}) {
    const std::string name =
        batch_max == 1 ? "one by one" : "batches up to " + std::to_string(batch_max);
    options.data_dir = root / ("batch-" + std::to_string(batch_max));
    options.batch = {.max = batch_max,
                     .window = std::chrono::milliseconds(batch_max == 1 ? 0 : arguments.window_ms)};
    std::fprintf(stderr, "running: %s\n", name.c_str());
    auto figures = run_scenario(options);
    if (!figures) {
      std::fprintf(stderr, "inference: %s\n", figures.error().message.c_str());
      return 1;
    }
    wrong += figures->unanswered + figures->mismatched;
    runs.push_back({name, std::move(*figures)});
  }
  std::fputs(report_text(options.tenants, runs).c_str(), stdout);
  if (wrong == 0) return 0;
  std::fprintf(stderr, "inference: %llu callers got no answer, or not theirs\n",
               static_cast<unsigned long long>(wrong));
  return 1;
}

}  // namespace
}  // namespace millrace::inference

int main(int argc, char** argv) try {
  CLI::App app("A service in front of a simulated language model, without and with batching.");
  millrace::inference::Arguments arguments;
  millrace::inference::describe(app, arguments);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  return millrace::inference::run(arguments);
} catch (const std::exception& error) {
  std::fprintf(stderr, "inference: %s\n", error.what());
  return 1;
}
