// millrace top: shows the queues of a cluster, refreshed periodically; once if stdout is no
// terminal.
#include <cmath>
#include <iostream>
#include <map>
#include <memory>

#include <poll.h>
#include <unistd.h>

#include "apps/cli/client/server_queues.hpp"
#include "apps/cli/command_line.hpp"
#include "apps/cli/exit_code.hpp"
#include "apps/cli/validators.hpp"

namespace millrace::cli {
namespace {

using Json = nlohmann::ordered_json;
using std::chrono::steady_clock;

struct TopOptions {
  ServerOptions server;
  double interval_s = 1;
  std::uint32_t count = 0;  ///< refreshes; 0: until interrupted on a terminal, else one
};

/// Counts at the previous refresh, by queue, and its time.
struct Before {
  std::map<std::string, std::uint64_t> acked;
  std::map<std::string, std::uint64_t> offered;
  steady_clock::time_point at;
};

double rate(std::map<std::string, std::uint64_t>& before, const std::string& queue,
            std::uint64_t now, double seconds) {
  const auto [old, is_new] = before.try_emplace(queue, now);
  const double moved = now > old->second ? static_cast<double>(now - old->second) : 0;
  old->second = now;
  return is_new || seconds <= 0 ? 0 : std::round(moved / seconds);
}

Result<std::string> picture(FrontClient& front, ServerClient& node, Before& before) {
  const auto status = node.get("/api/v1/status");
  if (!status) return status.error();
  const auto members = node.get("/api/v1/cluster/members");
  if (!members) return members.error();
  auto queues = queues_of(front);
  if (!queues) return queues.error();
  std::size_t up = 0;
  const Json list = members->value("members", Json::array());
  for (const Json& member : list) {
    if (member.value("state", "") == "up" && !member.value("unreachable", false)) ++up;
  }
  const auto now = steady_clock::now();
  const double seconds = before.at == steady_clock::time_point()
                             ? 0
                             : std::chrono::duration<double>(now - before.at).count();
  before.at = now;
  Listing listing{.columns = {"queue", "queued", "in_flight", "in/s", "out/s", "dead",
                              "redelivered", "oldest", "status"},
                  .rows = {}};
  for (Json& queue : *queues) {
    // What operators look at first: outboxes and dead letters are in lists of their own.
    const bool is_shown =
        !queue.value("outbox", false) &&
        (!queue.value("dead_letters", false) || queue.value("queued", std::uint64_t{0}) > 0);
    if (!is_shown) continue;
    shorten(queue);
    const std::string name = queue.value("queue", "");
    queue["in/s"] = static_cast<std::uint64_t>(
        rate(before.offered, name, queue.value("offered", std::uint64_t{0}), seconds));
    queue["out/s"] = static_cast<std::uint64_t>(
        rate(before.acked, name, queue.value("acked", std::uint64_t{0}), seconds));
    listing.rows.push_back(std::move(queue));
  }
  return "cluster " + status->value("cluster", "") + "  node " + status->value("node", "") + ' ' +
         status->value("state", "") + (status->value("ready", false) ? "" : " NOT READY") +
         (status->value("storage_full", false) ? " STORAGE FULL" : "") + "  members up " +
         std::to_string(up) + '/' + std::to_string(list.size()) + "\n\n" + table_of(listing);
}

int run_top(const TopOptions& options) {
  auto node = ServerClient::open(options.server);
  if (!node) return fail(node.error());
  auto front = FrontClient::open(options.server);
  if (!front) return fail(front.error());
  const bool is_terminal = isatty(STDOUT_FILENO) != 0;
  const std::uint32_t count =
      options.count != 0 ? options.count : (is_terminal ? ~std::uint32_t{0} : 1);
  Before before;
  for (std::uint32_t i = 0; i < count; ++i) {
    if (i > 0) ::poll(nullptr, 0, static_cast<int>(options.interval_s * 1000));
    const auto text = picture(*front, *node, before);
    if (!text) return fail(text.error());
    if (is_terminal) std::cout << "\x1b[H\x1b[2J";
    std::cout << *text << std::flush;
    if (!is_terminal && i + 1 < count) std::cout << '\n';
  }
  return front->finish();
}

}  // namespace

void add_top(CLI::App& app, Action& action) {
  auto options = std::make_shared<TopOptions>();
  CLI::App* command = add_command(app, "top", "watch the queues of a cluster");
  add_server_options(*command, options->server);
  add_node_only(*command, options->server);
  command->add_option("--interval", options->interval_s, "seconds between two refreshes")
      ->capture_default_str()
      ->check(finite_number)
      ->check(CLI::Range(0.1, 3600.0));
  command->add_option("--count", options->count,
                      "number of refreshes; 0: until interrupted, or once without a terminal");
  command->callback([options, &action] {
    action = [options] {
      return run_top(*options);
    };
  });
}

}  // namespace millrace::cli
