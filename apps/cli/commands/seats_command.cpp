// millrace cluster seats: lists the seats of a cluster in PostgreSQL; and what `cluster add` and `cluster
// remove` do there.
#include "apps/cli/commands/seats_command.hpp"

#include <algorithm>
#include <chrono>
#include <iostream>
#include <memory>
#include <utility>

#include <poll.h>

#include "actors/engines/engines.hpp"
#include "actors/engines/seats.hpp"
#include "actors/store/stopped_node.hpp"
#include "apps/cli/config_options.hpp"
#include "apps/cli/exit_code.hpp"
#include "apps/cli/output.hpp"
#include "cluster/node/log_engine.hpp"

namespace millrace::cli {
namespace {

using Json = nlohmann::ordered_json;
using postgres_log::Seat;
using postgres_log::SeatTable;

/// What a command on seats works with.
struct Seats {
  config::Config config;
  postgres_log::Options options;  ///< of its database
  std::unique_ptr<SeatTable> table;
};

/// Opens the table of seats; prints why not, and returns the exit status then. `makes`: also the schema.
int open_seats(const config::Inputs& inputs, bool makes, Seats& seats) {
  config::Resolved resolved = load_config(inputs);
  if (!resolved.problems.empty()) return exit_config;
  if (resolved.config.log.engine != config::LogEngine::postgres) {
    std::cerr << "millrace: error: " << inputs.file
              << ": log.engine: expected \"postgres\", as only there a cluster has seats, got "
                 "\"journal\"\n";
    return exit_config;
  }
  const auto log = cluster::make_log_engine(resolved.config);
  if (!log) return fail(log.error());
  seats.config = std::move(resolved.config);
  seats.options = log->options;
  auto table = SeatTable::open(seats.options, makes);
  if (!table) return fail(table.error());
  seats.table = *std::move(table);
  return exit_ok;
}

bool is_seat_name(const std::string& name) {
  const auto is_allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
  };
  return !name.empty() && name.size() <= 63 && name.find_first_of("._-") != 0 &&
         std::all_of(name.begin(), name.end(), is_allowed);
}

std::string state_of(const Seat& seat) {
  if (seat.epoch == 0) return "new";
  return seat.lease_left.count() > 0 ? "held" : "free";
}

struct SeatsOptions {
  config::Inputs inputs;
  Format format = Format::table;
};

int run_seats(const SeatsOptions& options) {
  Seats seats;
  if (const int status = open_seats(options.inputs, false, seats); status != exit_ok) return status;
  const auto listed = seats.table->list();
  if (!listed) return fail(listed.error());
  Listing listing{
      .columns = {"seat", "state", "epoch", "address", "http", "lease_left_ms", "holder"},
      .rows = {}};
  for (const Seat& seat : *listed) {
    Json row{{"seat", seat.name}, {"state", state_of(seat)}, {"epoch", seat.epoch}};
    row["address"] = seat.address.empty() ? Json() : Json(seat.address);
    row["http"] = seat.http.empty() ? Json() : Json(seat.http);
    row["lease_left_ms"] = std::max<std::int64_t>(seat.lease_left.count(), 0);
    row["holder"] = seat.holder.empty() ? Json() : Json(seat.holder);
    listing.rows.push_back(std::move(row));
  }
  print(listing, options.format);
  return exit_ok;
}

/// Fails if the log of the seat holds what would be lost with it. Nobody may write to it meanwhile.
Result<void> check_empty(const Seats& seats, const std::string& name) {
  postgres_log::Options options = seats.options;
  options.node = name;
  const auto node = StoppedNode::open(engines::make_engine(options));
  if (!node && node.error().code == ErrorCode::not_found) return {};
  if (!node) return node.error();
  std::size_t owned = 0;
  for (const auto& [key, record] : node->store().shards()) {
    const auto& ownership = record.ownership();
    if (ownership.epoch() > 0 && ownership.owner() == name) ++owned;
  }
  const auto view = node->view(false);
  if (!view) return view.error();
  std::uint64_t messages = 0;
  for (const QueueView& queue : view->queues) messages += queue.ledger.queued();
  if (owned == 0 && messages == 0) return {};
  return Error{ErrorCode::rejected,
               "seat " + name + " owns " + std::to_string(owned) + " shards and has " +
                   std::to_string(messages) +
                   " messages; let a process take it, and move them away with `millrace cluster "
                   "leave` at its http address"};
}

}  // namespace

CLI::Option* add_seat_config(CLI::App& command, config::Inputs& inputs) {
  CLI::Option* const file =
      command
          .add_option("-c,--config", inputs.file, "config file of a process of the cluster, TOML")
          ->type_name("FILE");
  command.add_option("--set", inputs.sets, "value of a key; overrides files and environment")
      ->type_name("KEY=VALUE")
      ->expected(1)
      ->take_all()
      ->allow_extra_args(false);
  return file;
}

int make_seats(const config::Inputs& inputs, const std::vector<std::string>& names) {
  Seats seats;
  if (const int status = open_seats(inputs, true, seats); status != exit_ok) return status;
  if (!seats.config.has_seats()) {
    std::cerr
        << "millrace: error: " << inputs.file
        << ": cluster.nodes: names the nodes of this cluster, so a new one is named there, in "
           "the configuration of every process; then send them SIGHUP\n";
    return exit_config;
  }
  for (const std::string& name : names) {
    if (!is_seat_name(name)) {
      return fail(
          {ErrorCode::invalid_argument,
           "expected a name of 1 to 63 of [a-z0-9._-] that begins with a letter or digit, got \"" +
               name + "\""});
    }
  }
  for (const std::string& name : names) {
    const auto added = seats.table->add(name);
    if (!added) return fail(added.error());
    std::cout << "seat " << name << (*added ? ": made" : ": it is there already") << '\n';
  }
  return exit_ok;
}

int remove_seat(const config::Inputs& inputs, const std::string& name, bool accepts_loss,
                bool yes) {
  Seats seats;
  if (const int status = open_seats(inputs, false, seats); status != exit_ok) return status;
  const auto& nodes = seats.config.cluster.nodes;
  if (std::any_of(nodes.begin(), nodes.end(),
                  [&](const auto& node) { return node.name == name; })) {
    std::cerr
        << "millrace: error: " << inputs.file << ": cluster.nodes: names " << name
        << ": take it out there, in the configuration of every process, and send them SIGHUP\n";
    return exit_config;
  }
  // Before it is taken, as a process that holds it would end for nothing.
  const auto listed = seats.table->list();
  if (!listed) return fail(listed.error());
  const bool is_there = std::any_of(listed->begin(), listed->end(),
                                    [&](const Seat& seat) { return seat.name == name; });
  if (!is_there) return fail({ErrorCode::not_found, "there is no seat " + name});
  const auto check = [&]() -> Result<void> {
    return accepts_loss ? Result<void>() : check_empty(seats, name);
  };
  if (const auto empty = check(); !empty) return fail(empty.error());
  if (accepts_loss && !yes) {
    std::cout << "would remove seat " << name << " with all that its log holds\n";
    std::cerr << "millrace: error: nothing was done: add --yes to do it\n";
    return exit_usage;
  }
  // Its process learns of its end at its next look, and must have done so before the row is gone.
  const auto lease = std::max(seats.options.lease, std::chrono::milliseconds(3'000));
  const auto epoch = seats.table->take(name, 4 * lease);
  if (!epoch) return fail(epoch.error());
  if (const auto empty = check(); !empty) return fail(empty.error());
  ::poll(nullptr, 0, static_cast<int>(lease.count()));
  if (const auto removed = seats.table->remove(name, *epoch); !removed) {
    return fail(removed.error());
  }
  std::cout << "seat " << name << ": removed\n";
  return exit_ok;
}

void add_seats(CLI::App& group, Action& action) {
  auto options = std::make_shared<SeatsOptions>();
  CLI::App* command =
      add_command(group, "seats",
                  "list the nodes of a cluster in PostgreSQL, and the processes that hold them");
  add_seat_config(*command, options->inputs)->required();
  add_format(*command, options->format);
  command->footer(
      "Asks the database of the configuration, and no node. States: held; free (its lease has\n"
      "ended, and the next process takes it); new (no process has held it yet).");
  command->callback([options, &action] {
    action = [options] {
      return run_seats(*options);
    };
  });
}

}  // namespace millrace::cli
