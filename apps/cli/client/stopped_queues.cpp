#include "apps/cli/client/stopped_queues.hpp"

#include <map>
#include <utility>

#include "actors/store/stopped_node.hpp"
#include "apps/cli/client/stopped_log.hpp"
#include "apps/cli/exit_code.hpp"
#include "cluster/http/json/message_json.hpp"

namespace millrace::cli {
namespace {

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

std::string type_of(const StoppedNode& node, const std::string& name) {
  for (const auto& [number, queue] : node.store().queues()) {
    if (queue.declaration.name() == name) return queue.declaration.type();
  }
  return {};
}

// A dead letter queue holds several types: the origin queue of a dead letter gives its type.
std::string type_of(const StoppedNode& node, const std::string& name, const MessageView& message) {
  if (!message.envelope.has_dead_letter()) return type_of(node, name);
  return type_of(node, message.envelope.dead_letter().origin_queue());
}

}  // namespace

int list_stopped_queues(const LogOptions& log, bool dead_letters, Format format) {
  auto node = open_stopped(log);
  if (!node) return fail(node.error());
  auto view = node->view(false);
  if (!view) return fail(view.error());
  print(list_queues(*view, dead_letters), format);
  return exit_ok;
}

int peek_stopped_queue(const LogOptions& log, const std::string& queue, std::size_t max,
                       std::vector<std::string> columns, Format format) {
  auto node = open_stopped(log);
  if (!node) return fail(node.error());
  auto messages = node->peek(queue, max);
  if (!messages) return fail(messages.error());
  Listing listing{.columns = std::move(columns), .rows = {}};
  for (const MessageView& message : *messages) {
    listing.rows.push_back(http::message_json(message, type_of(*node, queue, message)));
  }
  print(listing, format);
  return exit_ok;
}

}  // namespace millrace::cli
