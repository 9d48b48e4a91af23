// millrace pipeline ls|graph: shows the stages of a running node and the queues they connect.
#include <iostream>
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

/// Of the node that is asked.
Result<Json> stages_of(const PipelineOptions& options) {
  auto node = ServerClient::open(options.server);
  if (!node) return node.error();
  auto answer = node->get("/api/v1/stages");
  if (!answer) return answer.error();
  return answer->value("stages", Json::array());
}

void add_counts(const Json& counts, Json& row) {
  for (const Json& each : counts) {
    if (each.value("pipeline", "") != row["pipeline"] || each.value("stage", "") != row["stage"])
      continue;
    row["acked"] = each.value("acked", std::uint64_t{0});
    row["failed"] =
        each.value("failed", std::uint64_t{0}) + each.value("retried", std::uint64_t{0});
    row["breaker"] = each.value("breaker", Json::object()).value("state", "");
  }
}

int run_pipeline_ls(const PipelineOptions& options) {
  const auto pipelines = pipelines_of(options);
  if (!pipelines) return fail(pipelines.error());
  const auto counts = stages_of(options);
  if (!counts && counts.error().code != ErrorCode::not_found) return fail(counts.error());
  Listing listing{.columns = {"pipeline", "stage", "source", "targets", "workers", "acked",
                              "failed", "breaker"},
                  .rows = {}};
  for (const Json& pipeline : *pipelines) {
    for (const Json& stage : pipeline.value("stages", Json::array())) {
      Json row{{"pipeline", pipeline.value("pipeline", "")}};
      row.update(stage);
      if (counts) add_counts(*counts, row);  // a node of an earlier version has none
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
