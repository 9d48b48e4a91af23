// millrace order show: one order and its history, from a stopped node.
#include <memory>

#include "actors/runtime/stopped_node.hpp"
#include "apps/millrace/command_line.hpp"
#include "apps/millrace/exit_code.hpp"
#include "apps/millrace/format_option.hpp"
#include "apps/orders/queues.hpp"
#include "cluster/gateway/message_json.hpp"

namespace millrace::cli {
namespace {

using gateway::payload_json;
using gateway::time_json;

struct Options {
  std::string data_dir;
  std::string id;
  Format format = Format::table;
};

int run_show(const Options& options) {
  auto node = StoppedNode::open(options.data_dir);
  if (!node) return fail(node.error());
  auto key = node->key(orders::events_queue().name(), options.id);
  if (!key) {
    if (key.error().code != ErrorCode::not_found) return fail(key.error());
    return fail({ErrorCode::not_found, "there is no order " + options.id});
  }
  nlohmann::ordered_json order{{"order_id", options.id}};
  order.update(payload_json(std::string(orders::Order().GetTypeName()), key->value));
  nlohmann::ordered_json history = nlohmann::ordered_json::array();
  for (const HistoryView& entry : key->history) {
    auto json = payload_json(std::string(orders::OrderEntry().GetTypeName()), entry.value);
    json["at"] = time_json(entry.at_us);
    json.erase("at_us");
    json["event"] = entry.input;
    history.push_back(std::move(json));
  }
  order["history"] = std::move(history);
  print(order, options.format);
  return exit_ok;
}

}  // namespace

void add_order(CLI::App& app, Action& action) {
  CLI::App* group = app.add_subcommand("order", "orders of a stopped node");
  group->require_subcommand(1);
  auto options = std::make_shared<Options>();
  CLI::App* show = group->add_subcommand("show", "show one order and its history");
  show->add_option("id", options->id, "order id, such as o17")->required();
  show->add_option("--data-dir", options->data_dir, "data directory of a node that does not run")
      ->required()
      ->type_name("DIR");
  add_format(*show, options->format);
  show->callback([options, &action] {
    action = [options] {
      return run_show(*options);
    };
  });
}

}  // namespace millrace::cli
