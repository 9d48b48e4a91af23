// millrace order show: one order and its history, from a stopped node.
#include <memory>

#include "actors/runtime/stopped_node.hpp"
#include "apps/millrace/command_line.hpp"
#include "apps/millrace/exit_code.hpp"
#include "apps/millrace/format_option.hpp"
#include "apps/orders/queues.hpp"
#include "apps/orders/view/order_view.hpp"

namespace millrace::cli {
namespace {

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
  nlohmann::ordered_json order = orders::order_json(*key);
  order["history"] = orders::history_json(*key);
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
