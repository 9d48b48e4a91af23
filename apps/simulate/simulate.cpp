#include "apps/simulate/simulate.hpp"

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <iostream>
#include <memory>
#include <random>
#include <utility>
#include <vector>

#include "actors/base/clock.hpp"
#include "apps/audit/audit.hpp"
#include "apps/audit/database/database_log.hpp"
#include "apps/audit/disk/directory_log.hpp"
#include "apps/orders/audit/audit.hpp"
#include "apps/orders/audit/stopped_data.hpp"
#include "apps/orders/load/arrival.hpp"
#include "apps/orders/load/load_plan.hpp"
#include "apps/orders/stages/stock_plan.hpp"
#include "apps/simulate/fleet/fleet.hpp"
#include "apps/simulate/fleet/node_logs.hpp"
#include "apps/simulate/interruption.hpp"
#include "apps/simulate/plan/offers.hpp"
#include "apps/simulate/plan/witness_memory.hpp"
#include "apps/simulate/servers/database.hpp"
#include "apps/simulate/watch.hpp"

namespace millrace::simulate {

namespace {

Error bad_flag(const char* flag, const std::string& expected, const std::string& got) {
  return {ErrorCode::invalid_argument,
          std::string(flag) + ": expected " + expected + ", got " + got};
}

/// Frequent checkpoints, so that some kills hit one.
constexpr std::uint64_t checkpoint_bytes_under_crashes = 4u << 20;

/// Default of --fault-count.
constexpr std::uint32_t faults_a_kind = 2;

orders::audit::OfferCounts count_offers(const orders::LoadPlan& plan) {
  orders::audit::OfferCounts counts;
  for (OfferSequence offers(plan); !offers.is_at_end(); ++counts.offers) {
    const OrderOffer offer = offers.take();
    const bool is_keyed = plan.repeat(offer.number) == orders::Repeat::same_idempotency_key;
    counts.keyed_repeats += !offer.is_first && is_keyed ? 1 : 0;
  }
  return counts;
}

/// The records of customers and gateway for the audit. `plan` must outlive the result.
orders::audit::Witness testimony(const WitnessMemory& memory, const orders::LoadPlan& plan,
                                 bool is_at_rest) {
  const auto pages = memory.orders();
  orders::audit::Witness witness;
  witness.attempted.resize(pages.size());
  witness.ok.resize(pages.size());
  for (std::size_t i = 0; i < pages.size(); ++i) {
    witness.attempted[i] = pages[i].due_us != 0;
    witness.ok[i] = pages[i].is_confirmed != 0;
  }
  witness.order_id = orders::LoadPlan::order_id;
  witness.placed = [&plan](std::uint64_t number) {
    return orders::audit::PlacedOrder{plan.order(number), plan.is_valid(number)};
  };
  witness.notified = [pages](std::uint64_t number) {
    return static_cast<orders::Status>(status_of(pages[number].outcome));
  };
  if (is_at_rest) witness.offers = count_offers(plan);
  witness.gateway = [pages](std::string_view order_id) -> orders::audit::GatewayFacts {
    const std::uint64_t number = order_number(order_id);
    if (number >= pages.size()) return {};
    const orders::GatewayBook& book = pages[number].book;
    return {book.captures, book.captured_minor, book.refunded_minor};
  };
  return witness;
}

/// Text of the fault options, as on the command line.
std::string faults_text(const Options& options) {
  std::string text;
  for (const FaultKind kind : options.fault_kinds) {
    text += (text.empty() ? "" : ",") + std::string(to_string(kind));
  }
  return text.empty() ? "none" : text + " x" + std::to_string(options.fault_count);
}

/// The logs of all nodes, in their data directories or in PostgreSQL.
Result<std::vector<std::unique_ptr<audit::NodeLog>>> open_logs(const Options& options,
                                                               const Fleet& fleet) {
  std::vector<std::unique_ptr<audit::NodeLog>> logs;
  for (std::uint32_t node = 0; node < fleet.size(); ++node) {
    auto log = options.log == LogKind::journal
                   ? audit::open_directory(fleet.files(node).data_dir)
                   : audit::open_database({options.dsn, schema(options), node_name(node),
                                           [](const std::string& /*holder*/) {
                                             return true;
                                           }});
    if (!log) return log.error();
    logs.push_back(*std::move(log));
  }
  return logs;
}

/// Adds the checks of the logs to the invariants.
void take_over(report::RunReport& report, const audit::Report& data) {
  for (const audit::Check& check : data.checks()) {
    std::string first;
    if (!check.findings.empty()) {
      const audit::Finding& finding = check.findings[0];
      first = finding.directory + "/" + finding.file + ": " + finding.text;
    }
    report.invariants.push_back({check.name + ": " + check.title, check.passed(), first});
  }
}

void describe(report::RunReport& report, const Options& options) {
  report.configuration = {
      {"orders", std::to_string(options.orders)},
      {"customers", std::to_string(options.customers)},
      {"skus", std::to_string(options.skus)},
      {"arrival", options.arrival},
      {"gateway-faults", std::to_string(options.gateway_faults)},
      {"nodes", std::to_string(options.nodes)},
      {"standbys", std::to_string(options.standbys)},
      {"follow", options.follow ? "yes" : "no"},
      {"placement", options.placement == Placement::roles ? "roles" : "spread"},
      {"log", options.log == LogKind::journal ? "journal" : "postgres"},
      {"crash", std::to_string(options.crashes)},
      {"faults", faults_text(options)},
      {"shards", std::to_string(options.shards)},
      {"checkpoint-bytes",
       options.checkpoint_bytes == 0 ? "default" : std::to_string(options.checkpoint_bytes)},
      {"seed", std::to_string(options.seed)}};
}

/// Whether the fault makes sense with what keeps the logs.
Result<void> check_log_of(FaultKind kind, const Options& options) {
  const std::string name(to_string(kind));
  const bool is_journal = options.log == LogKind::journal;
  const bool needs_journal = kind == FaultKind::restore || kind == FaultKind::slow_disk;
  if (needs_journal && !is_journal) {
    return bad_flag("--faults", name + " only with journals", "logs in PostgreSQL");
  }
  if (kind == FaultKind::destroy && is_journal) {
    return bad_flag("--faults", "destroy only with --log postgres or --dsn",
                    "journals, which end with their directory");
  }
  if (needs_own_servers(kind) && (is_journal || !options.dsn.empty())) {
    return bad_flag("--faults", name + " only with --log postgres, whose servers the run starts",
                    is_journal ? "journals" : "--dsn");
  }
  return {};
}

Result<void> complete_faults(Options& options) {
  if (options.fault_kinds.empty() && options.fault_count > 0) {
    return bad_flag("--fault-count", "--faults beside it", std::to_string(options.fault_count));
  }
  if (options.fault_count > 10'000) {
    return bad_flag("--fault-count", "0 to 10000", std::to_string(options.fault_count));
  }
  for (const FaultKind kind : options.fault_kinds) {
    const bool needs_two = kind == FaultKind::partition || kind == FaultKind::move;
    if (needs_two && options.nodes == 1) {
      return bad_flag("--faults", std::string(to_string(kind)) + " only with two --nodes or more",
                      "one node");
    }
    if (auto checked = check_log_of(kind, options); !checked) return checked;
  }
  if (options.fault_count == 0) {
    options.fault_count = faults_a_kind * static_cast<std::uint32_t>(options.fault_kinds.size());
  }
  return {};
}

/// Adds the audit of the orders, whose queues are `view`.
void audit_orders(const Options& options, const WitnessMemory& memory, Watch::End end,
                  const DurableView& view, report::RunReport& report) {
  const orders::LoadPlan plan(load_options(options));
  const orders::StockPlan stock(stock_options(options));
  simulate::take_over(
      report, orders::audit::audit(
                  view, testimony(memory, plan, end == Watch::End::at_rest),
                  {.seed = options.seed,
                   .skus = options.skus,
                   .initial_stock = [&stock](std::string_view sku) { return stock.initial(sku); },
                   .was_clock_set = std::count(options.fault_kinds.begin(),
                                               options.fault_kinds.end(), FaultKind::clock) > 0}));
}

/// Audits the logs by the reader of their formats, which shares no code with the nodes.
Result<report::RunReport> audit_logs(const Options& options, const Fleet& fleet,
                                     const WitnessMemory& memory, Watch::End end,
                                     report::RunReport report) {
  auto logs = open_logs(options, fleet);
  const auto read = logs ? audit::audit(*std::move(logs)) : Result<audit::Audit>(logs.error());
  if (!read) {
    if (end == Watch::End::failed) return report;
    return read.error();
  }
  if (end == Watch::End::failed) {
    // The run says nothing about the orders; the data may still say why a node failed.
    if (!read->report.passed()) take_over(report, read->report);
    return report;
  }
  audit_orders(options, memory, end, orders::audit::view_of(*read), report);
  take_over(report, read->report);
  return report;
}

/// Starts servers of the run's own if `options` asks for them, and sets their connection strings; waits for others.
Result<std::unique_ptr<servers::Database>> start_servers(Options& options) {
  if (options.log == LogKind::journal) return std::unique_ptr<servers::Database>();
  if (!options.dsn.empty()) {
    const auto there = await_server(
        options, {.tell =
                      [](const std::string& reason) {
                        std::cerr << "millrace: waits for the server: " << reason << '\n';
                      },
                  .is_cancelled =
                      [] {
                        return interruption() != 0;
                      }});
    if (!there) return there.error();
    return std::unique_ptr<servers::Database>();
  }
  auto database = servers::Database::start(std::filesystem::absolute(options.data_dir) / "servers",
                                           [] { return interruption() != 0; });
  if (!database) return database.error();
  options.dsn = (*database)->dsn();
  const auto& kinds = options.fault_kinds;
  const bool has_cuts = std::count(kinds.begin(), kinds.end(), FaultKind::db_cut) > 0;
  for (std::uint32_t process = 0; has_cuts && process < process_count(options); ++process) {
    options.process_dsns.push_back((*database)->make_link(process));
  }
  return database;
}

Error interrupted(const Options& options, std::uint64_t finished) {
  return {ErrorCode::expired, std::string("interrupted by ") +
                                  (interruption() == SIGINT ? "SIGINT" : "SIGTERM") + " after " +
                                  std::to_string(finished) + " of " +
                                  std::to_string(options.orders) + " orders"};
}

}  // namespace

Result<void> complete(Options& options) {
  if (options.orders < 1 || options.orders > 10'000'000) {
    return bad_flag("--orders", "1 to 10000000", std::to_string(options.orders));
  }
  if (options.customers == 0) {
    options.customers =
        static_cast<std::uint32_t>(std::max<std::uint64_t>(options.orders / 10, 100));
  }
  if (options.skus < 1 || options.skus > 1'000'000) {
    return bad_flag("--skus", "1 to 1000000", std::to_string(options.skus));
  }
  if (!(options.gateway_faults >= 0 && options.gateway_faults <= 1)) {
    return bad_flag("--gateway-faults", "a share from 0 to 1",
                    std::to_string(options.gateway_faults));
  }
  if (options.crashes > 10'000) {
    return bad_flag("--crash", "0 to 10000", std::to_string(options.crashes));
  }
  if (options.nodes < 1 || options.nodes > node_max) {
    return bad_flag("--nodes", "1 to " + std::to_string(node_max), std::to_string(options.nodes));
  }
  if (!options.dsn.empty()) options.log = LogKind::postgres;
  if (options.standbys > standby_max) {
    return bad_flag("--standbys", "0 to " + std::to_string(standby_max),
                    std::to_string(options.standbys));
  }
  if (options.standbys > 0 && options.log == LogKind::journal) {
    return bad_flag("--standbys", "0 with journals, which only their own node reads",
                    std::to_string(options.standbys));
  }
  if (!options.follow && options.standbys == 0) {
    return bad_flag("--no-follow", "--standbys beside it, which would follow", "none");
  }
  if (options.placement == Placement::roles && options.nodes == 1) {
    return bad_flag("--placement", "roles only with two --nodes or more", "one node");
  }
  if (options.shards == 0) options.shards = 2 * options.nodes;
  if (options.shards < 1 || options.shards > 64) {
    return bad_flag("--shards", "1 to 64", std::to_string(options.shards));
  }
  if (auto checked = complete_faults(options); !checked) return checked;
  if (auto arrival = orders::Arrival::parse(options.arrival); !arrival) {
    return Error{ErrorCode::invalid_argument, "--arrival: " + arrival.error().message};
  }
  const bool has_faults = options.crashes > 0 || !options.fault_kinds.empty();
  if (has_faults && options.checkpoint_bytes == 0) {
    options.checkpoint_bytes = checkpoint_bytes_under_crashes;
  }
  while (options.seed == 0) options.seed = std::random_device{}();
  return {};
}

Result<report::RunReport> simulate(const Options& given) {
  Options options = given;
  auto memory = WitnessMemory::create(options.orders, options.nodes);
  if (!memory) return memory.error();
  report::RunReport report;
  report.version = MILLRACE_VERSION;
  report.seed = options.seed;
  report.nodes = options.nodes;
  describe(report, options);
  note_interruptions();
  const auto database = start_servers(options);
  if (interruption() != 0) return interrupted(options, 0);
  if (!database) return database.error();
  auto fleet = Fleet::prepare(options, *memory);
  if (!fleet) return fleet.error();
  const Watch::End end = Watch(options, *fleet, *memory, database->get(), report).run();
  if (end == Watch::End::interrupted) return interrupted(options, memory->head().finished());

  // A process that was taken for dead may have counted beside the recount of its successor.
  for (std::uint32_t node = 0; node < options.nodes; ++node) recount(*memory, node);
  const WitnessHead& head = memory->head();
  report.orders_offered = head.offered();
  report.latency = head.latency();
  report.duration_s =
      static_cast<double>(std::max<TimeUs>(0, head.last_finished_at_us - head.started_at_us)) / 1e6;
  const TimeUs busy_us = head.mostly_finished_at_us - head.started_at_us;
  if (busy_us > 0) {
    report.throughput_per_s =
        static_cast<double>(mostly(head.orders)) * 1e6 / static_cast<double>(busy_us);
  }
  return audit_logs(options, *fleet, *memory, end, std::move(report));
}

void take_over(report::RunReport& report, const orders::audit::AuditReport& audit) {
  report.orders_accounted = audit.accounted;
  report.lost = audit.lost;
  report.unexpected = audit.unexpected;
  report.duplicated_effects = audit.duplicated_effects;
  report.order_violations = audit.order_violations;
  report.states.assign(audit.states.begin(), audit.states.end());
  for (const auto& invariant : audit.invariants) {
    report.invariants.push_back(
        {invariant.name + " " + invariant.title, invariant.held, invariant.first_violation});
  }
  for (const auto& queue : audit.ledger) report.ledger.emplace_back(queue.queue, queue.ledger);
}

}  // namespace millrace::simulate
