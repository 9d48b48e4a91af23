// millrace bench publish, millrace bench consume: a load on a node that already runs, over HTTP or as a client of
// Kafka.
#include "apps/millrace/bench_load_command.hpp"

#include <cstdio>
#include <memory>
#include <string>

#include <unistd.h>

#include "apps/bench/load/load_run.hpp"
#include "apps/cli/client/server_options.hpp"
#include "apps/cli/exit_code.hpp"
#include "apps/cli/output.hpp"
#include "apps/cli/validators.hpp"
#include "apps/millrace/bench_output.hpp"
#include "apps/report/terminal.hpp"
#include "apps/simulate/interruption.hpp"

namespace millrace::cli {
namespace {

using bench::LoadFigures;

constexpr std::uint64_t messages_default = 100'000;

/// What the two commands have in common.
struct LoadCommand {
  ServerOptions server{};
  bench::LoadTarget target{};
  bench::LoadExtent extent{};
  bool shows_progress = false;
  bool json = false;
};

void add_load_options(CLI::App& command, LoadCommand& load, const char* url_help) {
  CLI::Option* const url = command.add_option("--url", load.server.url, url_help);
  url->type_name("URL");
  command.add_option("--kafka", load.target.kafka, "address of a node's Kafka listener")
      ->type_name("HOST:PORT")
      ->excludes(url);
  command
      .add_option("--token-file", load.server.token_file,
                  "file of the node's token; else MILLRACE_TOKEN_FILE")
      ->type_name("FILE");
  command
      .add_option("--ca", load.target.ca_file,
                  "with --kafka: the connection is TLS, and the node's certificate\n"
                  "of the authority in this file")
      ->type_name("FILE")
      ->excludes(url);
  command
      .add_option("-n,--messages", load.extent.messages,
                  "in all; default: 100,000, and with --seconds any number")
      ->check(whole_number)
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1'000'000'000}));
  command.add_option("--seconds", load.extent.seconds, "ends after this time")
      ->check(finite_number)
      ->check(CLI::Range(0.1, 1e6));
  command.add_flag("--progress", load.shows_progress,
                   "a line each second on stderr, also where it is no terminal");
  command.add_flag("--json", load.json, "the result as one JSON object");
}

void add_clients_and_batch(CLI::App& command, std::size_t& clients, std::size_t& batch,
                           const char* batch_help) {
  command.add_option("--clients", clients, "each with a connection, and one request at a time")
      ->capture_default_str()
      ->check(CLI::Range(1, 1'000));
  command.add_option("--batch", batch, batch_help)
      ->capture_default_str()
      ->check(CLI::Range(1, 1'000));
}

/// Completes what the options say. Fails as url_of() and token_of().
Result<void> complete(LoadCommand& load) {
  if (load.extent.messages == 0 && load.extent.seconds == 0) {
    load.extent.messages = messages_default;
  }
  auto token = token_of(load.server);
  if (!token) return token.error();
  load.target.token = std::move(*token);
  if (load.target.is_kafka()) return {};
  auto url = url_of(load.server);
  if (!url) {
    return Error{url.error().code,
                 "expected --url http://host:port, MILLRACE_URL, or --kafka host:port"};
  }
  load.target.url = std::move(*url);
  return {};
}

/// One line a second: overwritten on a terminal.
bench::LoadProgress progress_of(const LoadCommand& load) {
  const bool is_terminal = report::is_terminal(STDERR_FILENO);
  const bool is_shown = is_terminal || load.shows_progress;
  return [is_terminal, is_shown, before = LoadFigures()](const LoadFigures& now) mutable {
    if (is_shown) {
      const double seconds = now.seconds - before.seconds;
      const auto moved = static_cast<double>(now.messages - before.messages);
      std::fprintf(stderr, "%s%llu messages, %.0f/s, refused %llu, sent again %llu%s",
                   is_terminal ? "\r\x1b[K" : "", static_cast<unsigned long long>(now.messages),
                   seconds > 0 ? moved / seconds : 0, static_cast<unsigned long long>(now.refused),
                   static_cast<unsigned long long>(now.retried), is_terminal ? "" : "\n");
    }
    before = now;
    return simulate::interruption() == 0;
  };
}

double per_second(double amount, double seconds) {
  return seconds > 0 ? amount / seconds : 0;
}

/// Prints the result. Returns exit_ok, or exit_negative if a message was refused, lost or came twice.
int finish(const char* name, const LoadCommand& load, const LoadFigures& figures,
           std::uint64_t lost, bool has_age) {
  if (report::is_terminal(STDERR_FILENO)) std::fputs("\r\x1b[K", stderr);
  const auto bytes = static_cast<double>(figures.bytes);
  nlohmann::ordered_json line{
      {"bench", name},
      {"over", load.target.is_kafka() ? "kafka" : "http"},
      {"messages", figures.messages},
      {"seconds", figures.seconds},
      {"messages_per_s", per_second(static_cast<double>(figures.messages), figures.seconds)},
      {"mb_per_s", per_second(bytes / 1e6, figures.seconds)},
      {"requests", figures.requests},
      {"p50_us", figures.latency.percentile(0.5)},
      {"p99_us", figures.latency.percentile(0.99)},
      {"max_us", figures.latency.max_us()}};
  if (has_age) {
    line.update({{"age_p50_us", figures.age.percentile(0.5)},
                 {"age_p99_us", figures.age.percentile(0.99)},
                 {"age_max_us", figures.age.max_us()},
                 {"repeated", figures.repeated},
                 {"lost", lost}});
  } else {
    line["refused"] = figures.refused;
  }
  line["retried"] = figures.retried;
  nlohmann::ordered_json errors = nlohmann::ordered_json::object();
  for (const auto& [code, error] : figures.errors) errors[code] = error.count;
  line["errors"] = std::move(errors);
  print_line(line, load.json);
  for (const auto& [code, error] : figures.errors) {
    std::fprintf(stderr, "millrace: %s (%llu): %s\n", code.c_str(),
                 static_cast<unsigned long long>(error.count), error.text.c_str());
  }
  if (simulate::interruption() != 0) return exit_signal + simulate::interruption();
  return figures.refused + lost + figures.repeated == 0 ? exit_ok : exit_negative;
}

int run_publish(LoadCommand& load, bench::PublishOptions options) {
  if (auto completed = complete(load); !completed) return fail(completed.error());
  options.target = load.target;
  options.extent = load.extent;
  simulate::note_interruptions();
  const auto figures = bench::run_publish(options, progress_of(load));
  if (!figures) return fail(figures.error());
  return finish("publish", load, *figures, 0, false);
}

int run_consume(LoadCommand& load, bench::ConsumeOptions options) {
  if (auto completed = complete(load); !completed) return fail(completed.error());
  if (!load.target.is_kafka() && load.target.name.find('/') == std::string::npos) {
    return fail({ErrorCode::invalid_argument,
                 "expected an external stage as PIPELINE/STAGE, got " + load.target.name});
  }
  options.target = load.target;
  options.extent = load.extent;
  simulate::note_interruptions();
  const auto figures = bench::run_consume(options, progress_of(load));
  if (!figures) return fail(figures.error());
  return finish("consume", load, *figures, figures->lost_of(load.extent.messages), true);
}

}  // namespace

void add_bench_publish(CLI::App& group, Action& action) {
  auto load = std::make_shared<LoadCommand>();
  auto options = std::make_shared<bench::PublishOptions>();
  CLI::App* command =
      add_command(group, "publish", "messages to a queue of a running node, or to a topic");
  command->add_option("name", load->target.name, "a queue, or with --kafka a topic")
      ->required()
      ->type_name("QUEUE");
  add_load_options(*command, *load, "a node's HTTP address; else MILLRACE_URL");
  add_clients_and_batch(*command, options->clients, options->batch, "messages of a request");
  command->add_option("--size", options->payload_bytes, "bytes of a payload, at least")
      ->capture_default_str()
      ->check(CLI::Range(0, 1 << 20));
  command->add_option("--keys", options->keys, "of different messages; 0: without a key")
      ->capture_default_str()
      ->check(CLI::Range(std::uint64_t{0}, std::uint64_t{1'000'000'000}));
  command->add_option("--rate", options->rate_per_s, "messages per second; 0: no limit")
      ->check(finite_number)
      ->check(CLI::Range(0.0, 1e9));
  command
      ->add_option("--form", options->form,
                   "text of a payload, JSON for HTTP, in which {key}, {number}, {run},\n"
                   "{sent_us} and {fill} (up to --size) are replaced; default: an object\n"
                   "of these five")
      ->type_name("TEXT");
  command
      ->add_option("--patience", options->patience_s,
                   "seconds until a message that is sent again counts as refused")
      ->capture_default_str()
      ->check(finite_number)
      ->check(CLI::Range(0.0, 3'600.0));
  auto is_not_idempotent = std::make_shared<bool>(false);
  command->add_flag("--not-idempotent", *is_not_idempotent,
                    "without idempotency keys, or numbers of a producer: a message\n"
                    "whose outcome is unknown is not sent again");
  command->callback([=, &action] {
    action = [=] {
      options->is_idempotent = !*is_not_idempotent;
      return run_publish(*load, *options);
    };
  });
}

void add_bench_consume(CLI::App& group, Action& action) {
  auto load = std::make_shared<LoadCommand>();
  auto options = std::make_shared<bench::ConsumeOptions>();
  CLI::App* command = add_command(group, "consume",
                                  "messages of an external stage of a running node, or of a topic");
  command->add_option("name", load->target.name, "PIPELINE/STAGE, or with --kafka a topic")
      ->required()
      ->type_name("STAGE");
  add_load_options(*command, *load, "a node's HTTP address; else MILLRACE_URL");
  add_clients_and_batch(*command, options->clients, options->batch,
                        "messages of a request; Kafka: as many as there are");
  command
      ->add_option("--group", options->group,
                   "with --kafka: go on where this group has committed, and commit")
      ->type_name("NAME");
  command->add_flag("--from-end", options->begins_at_end,
                    "with --kafka: records that come from now on, without --group");
  command->add_option("--idle", options->idle_s, "seconds without a message after which it ends")
      ->capture_default_str()
      ->check(finite_number)
      ->check(CLI::Range(0.1, 86'400.0));
  command->callback([=, &action] {
    action = [=] {
      return run_consume(*load, *options);
    };
  });
}

}  // namespace millrace::cli
