// millrace pause queue|stage|pipeline|role|ls and millrace resume: what is paused accepts messages and
// hands none out.
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "apps/cli/client/front_client.hpp"
#include "apps/cli/command_line.hpp"
#include "apps/cli/exit_code.hpp"
#include "apps/cli/output.hpp"

namespace millrace::cli {
namespace {

using Json = nlohmann::ordered_json;

struct PauseOptions {
  ServerOptions server;
  std::string what;  ///< queue, stage, pipeline or role
  std::string name;
  std::string key;
  std::string span;
  std::string until;
  std::string reason;
  Format format = Format::table;
  bool is_watched = false;
};

Json body_of(const PauseOptions& options, bool resumes) {
  Json body{{options.what, options.name}};
  if (!options.key.empty()) body["key"] = options.key;
  if (resumes) return body;
  if (!options.span.empty()) body["for"] = options.span;
  if (!options.until.empty()) body["until"] = options.until;
  if (!options.reason.empty()) body["reason"] = options.reason;
  const char* const user = std::getenv("USER");
  if (user != nullptr && *user != '\0') body["by"] = user;
  return body;
}

int run(const PauseOptions& options, bool resumes) {
  auto front = FrontClient::open(options.server);
  if (!front) return fail(front.error());
  const auto answer =
      front->post(resumes ? "/api/v1/resume" : "/api/v1/pause", body_of(options, resumes).dump());
  if (!answer) return fail(answer.error());
  Listing done{.columns = {"queue", "shards", "node"}, .rows = {}};
  for (const Json& queue : answer->value(resumes ? "resumed" : "paused", Json::array())) {
    if (queue.value("shards", std::uint64_t{0}) > 0) done.rows.push_back(queue);
  }
  if (!done.rows.empty()) print(done, options.format);
  const int missing = front->finish();
  if (missing != exit_ok || !done.rows.empty()) return missing;
  return fail({ErrorCode::unreachable, "no node serves it now: nothing was changed"});
}

int run_list(const PauseOptions& options) {
  auto front = FrontClient::open(options.server);
  if (!front) return fail(front.error());
  const auto answer = front->get("/api/v1/pauses");
  if (!answer) return fail(answer.error());
  print(Listing{.columns = {"queue", "shard", "node", "key", "since", "until", "by", "reason"},
                .rows = answer->value("pauses", std::vector<Json>())},
        options.format);
  const int missing = front->finish();
  const auto unanswered = answer->value("unanswered", std::uint64_t{0});
  if (unanswered == 0) return missing;
  return fail({ErrorCode::unreachable,
               std::to_string(unanswered) + " shards have not answered, and are missing"});
}

CLI::App* add_look(CLI::App& group, PauseOptions& options, const char* name, const char* text) {
  CLI::App* command = add_command(group, name, text);
  add_server_options(*command, options.server);
  add_node_only(*command, options.server);
  add_format(*command, options.format);
  return command;
}

void add_target(CLI::App& group, Action& action, const char* what, const char* text,
                const char* named, bool has_key, bool resumes) {
  auto options = std::make_shared<PauseOptions>();
  options->what = what;
  CLI::App* command = add_look(group, *options, what, text);
  command->add_option("name", options->name, named)->required();
  if (has_key) command->add_option("--key", options->key, "only messages of this key");
  if (!resumes) {
    CLI::Option* const span =
        command->add_option("--for", options->span, "resume after this time, such as 10m")
            ->type_name("DURATION");
    command
        ->add_option("--until", options->until, "resume at this time, such as 2026-01-31T23:59:59Z")
        ->type_name("TIME")
        ->excludes(span);
    command->add_option("--reason", options->reason, "why, for whoever asks later");
  }
  command->callback([options, &action, resumes] {
    action = [options, resumes] {
      return run(*options, resumes);
    };
  });
}

void add_targets(CLI::App& group, Action& action, bool resumes) {
  const std::string verb = resumes ? "resume" : "pause";
  group.require_subcommand(1);
  add_target(group, action, "queue", (verb + " a queue, or one key of it").c_str(),
             "name of the queue", true, resumes);
  add_target(group, action, "stage", (verb + " the queue that a stage reads").c_str(),
             "PIPELINE/STAGE, such as orders/charge", true, resumes);
  add_target(group, action, "pipeline", (verb + " all stages of a pipeline").c_str(),
             "name of the pipeline", false, resumes);
  add_target(group, action, "role", (verb + " all stages with a role").c_str(), "name of the role",
             false, resumes);
}

}  // namespace

void add_pause(CLI::App& app, Action& action) {
  CLI::App* group = add_command(
      app, "pause", "let messages wait: a queue, stage, pipeline or role of a running cluster");
  add_targets(*group, action, false);
  auto options = std::make_shared<PauseOptions>();
  CLI::App* command = add_look(*group, *options, "ls", "list what is paused, since when and why");
  add_watch(*command, options->is_watched);
  command->callback([options, &action] {
    action = [options] {
      return repeat(options->is_watched, [&] { return run_list(*options); });
    };
  });
}

void add_resume(CLI::App& app, Action& action) {
  CLI::App* group =
      add_command(app, "resume", "handle again what is paused; what is not paused stays as it is");
  add_targets(*group, action, true);
}

}  // namespace millrace::cli
