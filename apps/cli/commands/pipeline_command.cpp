// millrace pipeline ls|graph: shows the stages of a running node and the queues they connect.
#include <iostream>
#include <map>
#include <memory>
#include <set>

#include "apps/cli/client/server_client.hpp"
#include "apps/cli/command_line.hpp"
#include "apps/cli/exit_code.hpp"
#include "apps/cli/output.hpp"

namespace millrace::cli {
namespace {

using Json = nlohmann::ordered_json;

struct PipelineOptions {
  ServerOptions server;
  Format format = Format::table;
  bool is_watched = false;
};

Result<Json> pipelines_of(const PipelineOptions& options) {
  auto node = ServerClient::open(options.server);
  if (!node) return node.error();
  auto answer = node->get("/api/v1/pipelines");
  if (!answer) return answer.error();
  return answer->value("pipelines", Json::array());
}

/// What the nodes count of a stage.
struct StageSum {
  std::uint64_t acked = 0;
  std::uint64_t failed = 0;
  std::string breaker{};  ///< "closed", or on which nodes it is not
};

/// Of all nodes, by "pipeline/stage".
Result<std::map<std::string, StageSum>> sums_of(const PipelineOptions& options) {
  auto node = ServerClient::open(options.server);
  if (!node) return node.error();
  const auto answer = node->get("/api/v1/stages");
  if (!answer) return answer.error();
  std::map<std::string, StageSum> sums;
  for (const Json& stage : answer->value("stages", Json::array())) {
    StageSum& sum = sums[stage.value("pipeline", "") + '/' + stage.value("stage", "")];
    const auto count = [&stage](const char* name) {
      return stage.value(name, std::uint64_t{0});
    };
    sum.acked += count("acked");
    sum.failed += count("failed") + count("retried");
    const std::string state = stage.value("breaker", Json::object()).value("state", "none");
    std::string& text = sum.breaker;
    if (state == "closed" || state == "none") {
      if (text.empty()) text = state;
      continue;
    }
    const bool is_first = text.empty() || text == "closed" || text == "none";
    text = (is_first ? "" : text + ", ") + state + " on " + stage.value("node", "");
  }
  return sums;
}

int run_pipeline_ls(const PipelineOptions& options) {
  const auto pipelines = pipelines_of(options);
  if (!pipelines) return fail(pipelines.error());
  const auto sums = sums_of(options);
  if (!sums) return fail(sums.error());
  Listing listing{.columns = {"pipeline", "stage", "source", "targets", "workers", "acked",
                              "failed", "breaker"},
                  .rows = {}};
  for (const Json& pipeline : *pipelines) {
    for (const Json& stage : pipeline.value("stages", Json::array())) {
      Json row{{"pipeline", pipeline.value("pipeline", "")}};
      row.update(stage);
      const auto sum = sums->find(pipeline.value("pipeline", "") + '/' + stage.value("stage", ""));
      if (sum != sums->end()) {
        row["acked"] = sum->second.acked;
        row["failed"] = sum->second.failed;
        row["breaker"] = sum->second.breaker;
      }
      listing.rows.push_back(std::move(row));
    }
  }
  print(listing, options.format);
  return exit_ok;
}

/// Needs no escaping: names are [a-z0-9._-].
std::string quoted(const std::string& name) {
  return '"' + name + '"';
}

int run_graph(const PipelineOptions& options) {
  const auto pipelines = pipelines_of(options);
  if (!pipelines) return fail(pipelines.error());
  std::set<std::string> dead_letters;
  std::cout << "digraph millrace {\n  rankdir=LR;\n  node [shape=box];\n";
  for (const Json& pipeline : *pipelines) {
    for (const Json& stage : pipeline.value("stages", Json::array())) {
      const std::string name = stage.value("stage", "");
      const std::string id = quoted(pipeline.value("pipeline", "") + '/' + name);
      std::cout << "  " << id << " [shape=ellipse, label=" << quoted(name) << "];\n  "
                << quoted(stage.value("source", "")) << " -> " << id << ";\n";
      for (const Json& target : stage.value("targets", Json::array())) {
        std::cout << "  " << id << " -> " << quoted(target.get<std::string>()) << ";\n";
      }
      const std::string dead = stage.value("dead_letters", "");
      std::cout << "  " << id << " -> " << quoted(dead) << " [style=dashed];\n";
      dead_letters.insert(dead);
    }
  }
  for (const std::string& dead : dead_letters) {
    std::cout << "  " << quoted(dead) << " [style=dashed];\n";
  }
  std::cout << "}\n";
  return exit_ok;
}

}  // namespace

void add_pipeline(CLI::App& app, Action& action) {
  CLI::App* group = add_command(app, "pipeline", "pipelines of a running node");
  group->require_subcommand(1);
  auto options = std::make_shared<PipelineOptions>();
  CLI::App* ls = add_command(*group, "ls", "list the stages");
  add_server_options(*ls, options->server);
  add_format(*ls, options->format);
  add_watch(*ls, options->is_watched);
  ls->callback([options, &action] {
    action = [options] {
      return repeat(options->is_watched, [&] { return run_pipeline_ls(*options); });
    };
  });
  CLI::App* graph = add_command(*group, "graph", "print the stages and queues as a Graphviz graph");
  add_server_options(*graph, options->server);
  graph->callback([options, &action] {
    action = [options] {
      return run_graph(*options);
    };
  });
}

}  // namespace millrace::cli
