// millrace topic ls|show, millrace group ls|show|reset-offsets|delete: topics of Kafka's clients, and the groups that
// read them.
#include <algorithm>
#include <memory>
#include <optional>
#include <string>

#include "apps/cli/client/server_client.hpp"
#include "apps/cli/command_line.hpp"
#include "apps/cli/exit_code.hpp"
#include "apps/cli/output.hpp"
#include "apps/cli/validators.hpp"
#include "cluster/http/message/http_message.hpp"

namespace millrace::cli {
namespace {

using Json = nlohmann::ordered_json;

struct TopicOptions {
  ServerOptions server;
  std::string name;
  Format format = Format::table;
};

struct ResetOptions {
  ServerOptions server;
  std::string group;
  std::optional<std::string> topic{};
  std::optional<std::uint32_t> partition{};
  bool to_earliest = false;
  bool to_latest = false;
  std::optional<std::int64_t> to_offset{};
  std::string to_datetime;
  bool force = false;
  bool dry_run = false;
  bool yes = false;
  Format format = Format::table;
};

std::string topic_path(const char* kind, const std::string& name) {
  return std::string("/api/v1/") + kind + '/' + http::encode_segment(name);
}

/// What is missing in an answer, for whoever trusts it. Returns the exit code.
int finish_survey(const Json& answer) {
  const std::uint64_t unanswered = answer.value("unanswered", std::uint64_t{0});
  if (unanswered == 0) return exit_ok;
  return fail({ErrorCode::unreachable,
               std::to_string(unanswered) + " shards have not answered, and are missing"});
}

Result<Json> ask(const ServerOptions& server, const std::string& path) {
  auto node = ServerClient::open(server);
  if (!node) return node.error();
  return node->get(path);
}

int run_topics(const TopicOptions& options) {
  const auto answer = ask(options.server, "/api/v1/topics");
  if (!answer) return fail(answer.error());
  Listing listing{.columns = {"topic", "partitions", "records", "bytes", "groups", "max_lag"},
                  .rows = {}};
  for (Json topic : answer->value("topics", Json::array())) {
    std::uint64_t lag = 0;
    for (const Json& group : topic["groups"]) lag = std::max(lag, group.value("lag", lag));
    if (options.format == Format::table) {
      topic["partitions"] = topic["partitions"].size();
      topic["groups"] = topic["groups"].size();
    }
    topic["max_lag"] = lag;
    listing.rows.push_back(std::move(topic));
  }
  print(listing, options.format);
  return finish_survey(*answer);
}

int run_topic(const TopicOptions& options) {
  const auto answer = ask(options.server, topic_path("topics", options.name));
  if (!answer) return fail(answer.error());
  if (options.format != Format::table) {
    print(*answer, options.format);
    return finish_survey(*answer);
  }
  print(Listing{.columns = {"partition", "owner", "first_offset", "next_offset", "bytes"},
                .rows = answer->value("partitions", std::vector<Json>())},
        options.format);
  print(Listing{.columns = {"group", "lag"}, .rows = answer->value("groups", std::vector<Json>())},
        options.format);
  return finish_survey(*answer);
}

int run_groups(const TopicOptions& options) {
  const auto answer = ask(options.server, "/api/v1/groups");
  if (!answer) return fail(answer.error());
  Listing listing{.columns = {"group", "state", "members", "partitions", "lag", "coordinator"},
                  .rows = {}};
  for (Json group : answer->value("groups", Json::array())) {
    if (options.format == Format::table) {
      group["members"] = group["members"].size();
      group["partitions"] = group["partitions"].size();
    }
    listing.rows.push_back(std::move(group));
  }
  print(listing, options.format);
  return finish_survey(*answer);
}

int run_group(const TopicOptions& options) {
  const auto answer = ask(options.server, topic_path("groups", options.name));
  if (!answer) return fail(answer.error());
  if (options.format != Format::table) {
    print(*answer, options.format);
    return finish_survey(*answer);
  }
  print(Listing{.columns = {"topic", "partition", "committed", "first_offset", "next_offset", "lag",
                            "member"},
                .rows = answer->value("partitions", std::vector<Json>())},
        options.format);
  print(Listing{.columns = {"member", "client", "host", "assigned"},
                .rows = answer->value("members", std::vector<Json>())},
        options.format);
  return finish_survey(*answer);
}

int run_reset(const ResetOptions& options) {
  const int targets = (options.to_earliest ? 1 : 0) + (options.to_latest ? 1 : 0) +
                      (options.to_offset ? 1 : 0) + (options.to_datetime.empty() ? 0 : 1);
  if (targets != 1) {
    return fail({ErrorCode::invalid_argument,
                 "expected one of --to-earliest, --to-latest, --to-offset and --to-datetime"});
  }
  Json body = Json::object();
  if (options.topic) body["topic"] = *options.topic;
  if (options.partition) body["partition"] = *options.partition;
  if (options.to_earliest) body["to"] = "earliest";
  if (options.to_latest) body["to"] = "latest";
  if (options.to_offset) body["offset"] = *options.to_offset;
  if (!options.to_datetime.empty()) body["time"] = options.to_datetime;
  body["force"] = options.force;
  body["dry_run"] = options.dry_run || !options.yes;
  auto node = ServerClient::open(options.server);
  if (!node) return fail(node.error());
  const auto answer = node->post(topic_path("groups", options.group) + "/offsets", body.dump());
  if (!answer) return fail(answer.error());
  print(Listing{.columns = {"topic", "partition", "before", "after"},
                .rows = answer->value("offsets", std::vector<Json>())},
        options.format);
  if (options.yes || options.dry_run) return exit_ok;
  return fail({ErrorCode::invalid_argument, "nothing was reset: expected --yes, or --dry-run"});
}

void add_topic_look(CLI::App& group, Action& action, const char* name, const char* what,
                    const char* named, int (*run)(const TopicOptions&)) {
  auto options = std::make_shared<TopicOptions>();
  CLI::App* command = add_command(group, name, what);
  add_server_options(*command, options->server);
  add_format(*command, options->format);
  if (named != nullptr) command->add_option("name", options->name, named)->required();
  command->callback([options, run, &action] {
    action = [options, run] {
      return run(*options);
    };
  });
}

void add_reset(CLI::App& group, Action& action) {
  auto options = std::make_shared<ResetOptions>();
  CLI::App* command =
      add_command(group, "reset-offsets", "let a group go on elsewhere, while it has no members");
  add_server_options(*command, options->server);
  add_format(*command, options->format);
  command->add_option("group", options->group, "name of the group")->required();
  CLI::Option* const topic =
      command->add_option("--topic", options->topic, "only this one; default: all that it reads");
  command->add_option("--partition", options->partition, "only this one of the topic")
      ->needs(topic)
      ->check(whole_number);
  command->add_flag("--to-earliest", options->to_earliest, "at the first record that is kept");
  command->add_flag("--to-latest", options->to_latest, "behind the last record");
  command->add_option("--to-offset", options->to_offset, "at this offset, within what is kept")
      ->check(whole_number);
  command
      ->add_option("--to-datetime", options->to_datetime,
                   "at the first record of this time or later,\nsuch as 2026-01-31T23:59:59Z")
      ->type_name("TIME");
  command->add_flag("--force", options->force, "also while it has members: they must join again");
  command->add_flag("--dry-run", options->dry_run, "print what would be done, and do nothing");
  command->add_flag("--yes", options->yes, "confirm: reset the offsets");
  command->callback([options, &action] {
    action = [options] {
      return run_reset(*options);
    };
  });
}

void add_delete(CLI::App& group, Action& action) {
  struct DeleteOptions {
    ServerOptions server;
    std::string group;
    bool force = false;
    bool yes = false;
  };
  auto options = std::make_shared<DeleteOptions>();
  CLI::App* command = add_command(
      group, "delete", "forget a group with all that it has committed, while it has no members");
  add_server_options(*command, options->server);
  command->add_option("group", options->group, "name of the group")->required();
  command->add_flag("--force", options->force, "also while it has members: they must join again");
  command->add_flag("--yes", options->yes, "confirm: delete the group");
  command->callback([options, &action] {
    action = [options] {
      if (!options->yes) {
        return fail({ErrorCode::invalid_argument, "nothing was deleted: expected --yes"});
      }
      auto node = ServerClient::open(options->server);
      if (!node) return fail(node.error());
      const auto answer = node->remove(topic_path("groups", options->group) +
                                       (options->force ? "?force=true" : ""));
      return answer ? static_cast<int>(exit_ok) : fail(answer.error());
    };
  });
}

}  // namespace

void add_topic(CLI::App& app, Action& action) {
  CLI::App* group = add_command(app, "topic", "topics of Kafka's clients, of a running cluster");
  group->require_subcommand(1);
  add_topic_look(*group, action, "ls", "list the topics", nullptr, run_topics);
  add_topic_look(*group, action, "show", "partitions of a topic, and the groups that read it",
                 "name of the topic", run_topic);
}

void add_group(CLI::App& app, Action& action) {
  CLI::App* group = add_command(app, "group", "groups that read topics, of a running cluster");
  group->require_subcommand(1);
  add_topic_look(*group, action, "ls", "list the groups", nullptr, run_groups);
  add_topic_look(*group, action, "show", "committed offsets and members of a group",
                 "name of the group", run_group);
  add_reset(*group, action);
  add_delete(*group, action);
}

}  // namespace millrace::cli
