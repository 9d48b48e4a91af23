// millrace order show: shows an order and its history, from a running or a stopped node.
#include <memory>

#include "actors/store/stopped_node.hpp"
#include "apps/cli/client/server_client.hpp"
#include "apps/cli/client/stopped_log.hpp"
#include "apps/cli/command_line.hpp"
#include "apps/cli/exit_code.hpp"
#include "apps/cli/output.hpp"
#include "apps/orders/queues.hpp"
#include "apps/orders/view/order_view.hpp"
#include "cluster/http/message/http_message.hpp"

namespace millrace::cli {
namespace {

struct OrderOptions {
  SourceOptions source;
  std::string id;
  Format format = Format::table;
};

Result<nlohmann::ordered_json> find_order(const OrderOptions& options) {
  if (!options.source.is_stopped_node()) {
    auto node = ServerClient::open(options.source.server);
    if (!node) return node.error();
    return node->get("/api/v1/orders/" + http::encode_segment(options.id));
  }
  auto node = open_stopped(options.source.log);
  if (!node) return node.error();
  auto key = node->key(orders::events_queue().name(), options.id);
  if (key) return orders::order_json(*key);
  if (key.error().code != ErrorCode::not_found) return key.error();
  return Error{ErrorCode::not_found, "there is no order " + options.id};
}

int run_show(const OrderOptions& options) {
  const auto order = find_order(options);
  if (!order) return fail(order.error());
  print(*order, options.format);
  return exit_ok;
}

}  // namespace

void add_order(CLI::App& app, Action& action) {
  CLI::App* group = add_command(app, "order", "orders of running nodes, or of a stopped one");
  group->require_subcommand(1);
  auto options = std::make_shared<OrderOptions>();
  CLI::App* show = add_command(*group, "show", "show one order and its history");
  show->add_option("id", options->id, "order id, such as o17")->required();
  add_source_options(*show, options->source);
  add_format(*show, options->format);
  show->callback([options, &action] {
    action = [options] {
      return run_show(*options);
    };
  });
}

}  // namespace millrace::cli
