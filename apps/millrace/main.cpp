#include "apps/millrace/main.hpp"

#include <array>
#include <cstdio>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "apps/cli/exit_code.hpp"
#include "apps/cli/program.hpp"

namespace millrace {
namespace {

// Options of one command, as the parser fills them in.
struct Parsed {
  std::map<std::string, std::string> texts;
  std::map<std::string, bool> flags;
};

void add(CLI::App& app, cli::Action& action, const ProgramCommand& command) {
  const auto parsed = std::make_shared<Parsed>();
  CLI::App* const added = cli::add_command(app, command.name, command.description);
  for (const ProgramCommand::Option& option : command.options) {
    if (option.is_flag) {
      added->add_flag(option.name, parsed->flags[option.name], option.help);
      continue;
    }
    std::string& text = parsed->texts[option.name];
    text = option.fallback;
    CLI::Option* const made = added->add_option(option.name, text, option.help);
    if (option.is_required) made->required();
    if (!option.fallback.empty()) made->capture_default_str();
  }
  added->callback([parsed, &action, run = command.run] {
    action = [parsed, run] {
      CommandArguments arguments;
      for (const auto& [name, text] : parsed->texts) {
        if (!text.empty()) arguments[name] = text;
      }
      for (const auto& [name, is_set] : parsed->flags) {
        if (is_set) arguments[name] = "true";
      }
      return run(arguments);
    };
  });
}

// First segments of Millrace's own routes behind /api/v1: docs/http.md.
constexpr std::array own_prefixes{"backup", "cluster", "dlq",    "events", "groups",
                                  "leases", "orders",  "pause",  "pauses", "pipelines",
                                  "queues", "resume",  "stages", "status", "topics"};

// Returns what is wrong with the routes; empty: nothing.
std::string check_routes(const std::vector<ProgramRoute>& routes) {
  std::set<std::string> prefixes(own_prefixes.begin(), own_prefixes.end());
  const std::string allowed = "abcdefghijklmnopqrstuvwxyz0123456789-";
  for (const ProgramRoute& route : routes) {
    const std::string place = "the program's route \"" + route.prefix + "\": ";
    if (route.prefix.empty() || route.prefix.find_first_not_of(allowed) != std::string::npos) {
      return place + "expected one segment of [a-z0-9-]";
    }
    if (!prefixes.insert(route.prefix).second) return place + "it is taken";
    if (!route.handle) return place + "handle: expected a function, got none";
  }
  return {};
}

http::Resource resource_of(const ProgramRoute& route) {
  http::Resource resource{.prefix = route.prefix, .queue = {}, .show = {}};
  resource.answer =
      [handle = route.handle](const http::HttpRequest& request) -> Result<http::HttpResponse> {
    ProgramRequest asked{.method = request.method == "HEAD" ? "GET" : request.method,
                         .path = {request.path.begin() + 3, request.path.end()},
                         .query = request.query,
                         .body = request.body};
    auto answer = handle(asked);
    if (!answer) return answer.error();
    http::HttpResponse response;
    response.status = answer->status;
    response.content_type = std::move(answer->content_type);
    response.body = std::move(answer->body);
    return response;
  };
  return resource;
}

}  // namespace

int main(int argc, char** argv, std::vector<PipelineSpec> pipelines) {
  Program program;
  program.pipelines = [pipelines = std::move(pipelines)](const ProgramConfig& /*config*/) {
    return Result<std::vector<PipelineSpec>>(pipelines);
  };
  return main(argc, argv, std::move(program));
}

int main(int argc, char** argv, Program program) {
  if (const std::string wrong = check_routes(program.routes); !wrong.empty()) {
    std::fprintf(stderr, "millrace: error: %s\n", wrong.c_str());
    return cli::exit_usage;
  }
  if (!program.pipelines) {
    std::fprintf(stderr, "millrace: error: the program has no function `pipelines`\n");
    return cli::exit_usage;
  }
  cli::Program parts{.description = program.description,
                     .pipelines = program.pipelines,
                     .keys = program.keys,
                     .metrics = program.metrics,
                     .on_start = program.on_start,
                     .on_stop = program.on_stop};
  for (const ProgramRoute& route : program.routes) parts.resources.push_back(resource_of(route));
  for (const ProgramCommand& command : program.commands) {
    parts.commands.emplace_back(
        [&command](CLI::App& app, cli::Action& action) { add(app, action, command); });
  }
  return cli::run_program(argc, argv, parts);
}

}  // namespace millrace
