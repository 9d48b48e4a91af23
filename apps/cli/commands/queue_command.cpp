// millrace queue ls|info|peek and dlq ls|show: read the queues of running nodes or of a stopped
// node.
#include <algorithm>
#include <memory>
#include <utility>

#include "apps/cli/client/server_queues.hpp"
#include "apps/cli/client/stopped_queues.hpp"
#include "apps/cli/command_line.hpp"
#include "apps/cli/commands/queue_changes.hpp"
#include "apps/cli/exit_code.hpp"
#include "apps/cli/output.hpp"

namespace millrace::cli {
namespace {

struct QueueOptions {
  SourceOptions source;
  std::string queue;
  std::size_t max = 10;
  Selection selection;
  bool shows_all = false;  ///< outboxes, too
  bool is_watched = false;
  Format format = Format::table;
};

void add_common(CLI::App& command, QueueOptions& options) {
  add_source_options(command, options.source);
  add_node_only(command, options.source.server);
  add_format(command, options.format);
}

int run_queue_ls(const QueueOptions& options, bool dead_letters) {
  if (options.source.is_stopped_node()) {
    return list_stopped_queues(options.source.log, dead_letters, options.format);
  }
  auto front = FrontClient::open(options.source.server);
  if (!front) return fail(front.error());
  auto queues = queues_of(*front);
  if (!queues) return fail(queues.error());
  Listing listing{.columns = queue_columns(), .rows = std::move(*queues)};
  const bool is_table = options.format == Format::table;
  std::erase_if(listing.rows, [&](const nlohmann::ordered_json& queue) {
    const bool is_hidden = is_table && !options.shows_all && queue.value("outbox", false);
    return is_hidden || queue.value("dead_letters", false) != dead_letters;
  });
  if (is_table) {
    if (dead_letters)
      listing.columns = {"queue", "queued", "oldest", "dropped", "shards", "status"};
    for (nlohmann::ordered_json& row : listing.rows) shorten(row);
  }
  print(listing, options.format);
  return front->finish();
}

int run_info(const QueueOptions& options) {
  auto front = FrontClient::open(options.source.server);
  if (!front) return fail(front.error());
  auto queues = queues_of(*front);
  if (!queues) return fail(queues.error());
  const auto queue = std::find_if(queues->begin(), queues->end(), [&](const auto& each) {
    return each.value("queue", "") == options.queue;
  });
  if (queue == queues->end()) {
    return fail({ErrorCode::not_found, "there is no queue " + options.queue});
  }
  print(*queue, options.format);
  return front->finish();
}

int run_peek(const QueueOptions& options, const char* kind,
             const std::vector<std::string>& columns) {
  if (options.source.is_stopped_node()) {
    if (!options.selection.is_any()) {
      return fail(
          {ErrorCode::invalid_argument, "--id, --key and their like are for a node that runs"});
    }
    return peek_stopped_queue(options.source.log, options.queue, options.max, columns,
                              options.format);
  }
  auto front = FrontClient::open(options.source.server);
  if (!front) return fail(front.error());
  auto messages = messages_of(*front, queue_path(kind, options.queue) + "/messages",
                              options.selection, options.max);
  if (!messages) return fail(messages.error());
  print(Listing{.columns = columns, .rows = std::move(*messages)}, options.format);
  return front->finish();
}

void add_listing(CLI::App& group, Action& action, const char* what, bool dead_letters) {
  auto options = std::make_shared<QueueOptions>();
  CLI::App* command = add_command(group, "ls", what);
  add_common(*command, *options);
  add_watch(*command, options->is_watched);
  if (!dead_letters) {
    command->add_flag("--all", options->shows_all, "in a table, also the outboxes for other nodes");
  }
  command->callback([options, &action, dead_letters] {
    action = [options, dead_letters] {
      return repeat(options->is_watched, [&] { return run_queue_ls(*options, dead_letters); });
    };
  });
}

void add_info(CLI::App& group, Action& action) {
  auto options = std::make_shared<QueueOptions>();
  CLI::App* command = add_command(group, "info", "show one queue of a running node");
  add_server_options(*command, options->source.server);
  add_node_only(*command, options->source.server);
  add_format(*command, options->format);
  command->add_option("queue", options->queue, "name of the queue")->required();
  command->callback([options, &action] {
    action = [options] {
      return run_info(*options);
    };
  });
}

void add_peek(CLI::App& group, Action& action, const char* name, const char* what, const char* kind,
              const std::vector<std::string>& columns) {
  auto options = std::make_shared<QueueOptions>();
  CLI::App* command = add_command(group, name, what);
  add_common(*command, *options);
  command->add_option("queue", options->queue, "name of the queue")->required();
  command->add_option("-n,--max", options->max, "messages to show")->capture_default_str();
  command->add_option("--id", options->selection.id, "only the message of this id");
  command->add_option("--key", options->selection.key, "only messages of this key");
  if (std::string_view(kind) == "dlq") {
    command->add_option("--code", options->selection.code,
                        "only dead letters with this error code, such as rejected");
    command->add_option("--origin", options->selection.origin_queue,
                        "only dead letters from this queue");
  }
  command->callback([options, &action, kind, columns] {
    action = [options, kind, columns] {
      return run_peek(*options, kind, columns);
    };
  });
}

}  // namespace

void add_queue(CLI::App& app, Action& action) {
  CLI::App* group = add_command(app, "queue", "queues of running nodes, or of a stopped one");
  group->require_subcommand(1);
  add_listing(*group, action, "list the queues", false);
  add_info(*group, action);
  add_peek(*group, action, "peek", "show the first messages of a queue without removing them",
           "queues", {"sequence", "key", "priority", "failed", "born_at", "payload"});
  add_define(*group, action);
  add_publish(*group, action);
  add_purge(*group, action);
}

void add_dlq(CLI::App& app, Action& action) {
  CLI::App* group = add_command(app, "dlq", "dead letters of running nodes, or of a stopped one");
  group->require_subcommand(1);
  add_listing(*group, action, "list the dead letter queues", true);
  add_peek(*group, action, "show", "show the first dead letters of a queue", "dlq",
           {"id", "key", "code", "failed", "last_failed_at", "origin_queue", "reason"});
  add_redrive(*group, action);
  add_drop(*group, action);
}

}  // namespace millrace::cli
