// millrace queue ls|peek and dlq ls|show: what a stopped node's queues hold.
#include <limits>
#include <map>
#include <memory>

#include "actors/runtime/stopped_node.hpp"
#include "apps/millrace/command_line.hpp"
#include "apps/millrace/exit_code.hpp"
#include "apps/millrace/format_option.hpp"
#include "cluster/gateway/message_json.hpp"

namespace millrace::cli {
namespace {

using gateway::message_json;

struct Options {
  std::string data_dir;
  std::string queue;
  std::size_t max = 10;
  Format format = Format::table;
};

void add_common(CLI::App& command, Options& options) {
  command.add_option("--data-dir", options.data_dir, "data directory of a node that does not run")
      ->required()
      ->type_name("DIR");
  add_format(command, options.format);
}

struct Total {
  std::string type;
  queues::Ledger ledger;
  std::uint64_t timers = 0;
  std::uint32_t shards = 0;
};

Listing list_queues(const DurableView& view, bool dead_letters) {
  std::map<std::string, Total> totals;
  for (const QueueView& queue : view.queues) {
    if (queue.is_dead_letter != dead_letters) continue;
    Total& total = totals[queue.name];
    total.type = queue.type;
    total.ledger += queue.ledger;
    total.timers += queue.timers;
    ++total.shards;
  }
  Listing listing;
  listing.columns = {"queue",      "queued",      "offered", "acked", "dead",
                     "duplicates", "redelivered", "timers",  "shards"};
  for (const auto& [name, total] : totals) {
    listing.rows.push_back({{"queue", name},
                            {"type", total.type},
                            {"shards", total.shards},
                            {"queued", total.ledger.queued()},
                            {"offered", total.ledger.offered},
                            {"acked", total.ledger.acked},
                            {"dead", total.ledger.dead},
                            {"dropped", total.ledger.dropped},
                            {"duplicates", total.ledger.duplicates},
                            {"redelivered", total.ledger.redelivered},
                            {"timers", total.timers}});
  }
  return listing;
}

int run_ls(const Options& options, bool dead_letters) {
  auto node = StoppedNode::open(options.data_dir);
  if (!node) return fail(node.error());
  auto view = node->view(false);
  if (!view) return fail(view.error());
  print(list_queues(*view, dead_letters), options.format);
  return exit_ok;
}

std::string type_of(const StoppedNode& node, const std::string& name) {
  for (const auto& [number, queue] : node.store().queues()) {
    if (queue.declaration.name() == name) return queue.declaration.type();
  }
  return {};
}

// Dead letters of several types share a queue; their own origin tells the type.
std::string type_of(const StoppedNode& node, const std::string& name, const MessageView& message) {
  if (!message.envelope.has_dead_letter()) return type_of(node, name);
  return type_of(node, message.envelope.dead_letter().origin_queue());
}

int run_peek(const Options& options, std::vector<std::string> columns) {
  auto node = StoppedNode::open(options.data_dir);
  if (!node) return fail(node.error());
  auto messages = node->peek(options.queue, options.max);
  if (!messages) return fail(messages.error());
  Listing listing{.columns = std::move(columns), .rows = {}};
  for (const MessageView& message : *messages) {
    listing.rows.push_back(message_json(message, type_of(*node, options.queue, message)));
  }
  print(listing, options.format);
  return exit_ok;
}

void add_listing(CLI::App& group, Action& action, const char* what, bool dead_letters) {
  auto options = std::make_shared<Options>();
  CLI::App* command = group.add_subcommand("ls", what);
  add_common(*command, *options);
  command->callback([options, &action, dead_letters] {
    action = [options, dead_letters] {
      return run_ls(*options, dead_letters);
    };
  });
}

void add_peek(CLI::App& group, Action& action, const char* name, const char* what,
              const std::vector<std::string>& columns) {
  auto options = std::make_shared<Options>();
  CLI::App* command = group.add_subcommand(name, what);
  add_common(*command, *options);
  command->add_option("queue", options->queue, "name of the queue")->required();
  command->add_option("-n,--max", options->max, "messages to show")->capture_default_str();
  command->callback([options, &action, columns] {
    action = [options, columns] {
      return run_peek(*options, columns);
    };
  });
}

}  // namespace

void add_queue(CLI::App& app, Action& action) {
  CLI::App* group = app.add_subcommand("queue", "queues of a stopped node");
  group->require_subcommand(1);
  add_listing(*group, action, "list the queues", false);
  add_peek(*group, action, "peek", "show the first messages of a queue, and leave them there",
           {"sequence", "key", "priority", "failed", "born_at", "payload"});
}

void add_dlq(CLI::App& app, Action& action) {
  CLI::App* group = app.add_subcommand("dlq", "dead letters of a stopped node");
  group->require_subcommand(1);
  add_listing(*group, action, "list the dead letter queues", true);
  add_peek(*group, action, "show", "show the first letters of a dead letter queue",
           {"sequence", "key", "code", "failed", "acquired", "origin_queue", "origin_sequence",
            "reason"});
}

}  // namespace millrace::cli
