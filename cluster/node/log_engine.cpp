#include "cluster/node/log_engine.hpp"

#include <algorithm>
#include <filesystem>
#include <set>
#include <utility>
#include <variant>

#include <spdlog/spdlog.h>

#include "actors/engines/engines.hpp"
#include "cluster/config/address.hpp"
#include "cluster/config/file/load.hpp"
#include "cluster/config/seats.hpp"
#include "cluster/node/incarnation.hpp"
#include "cluster/node/node_setup.hpp"
#include "cluster/node/process_identity.hpp"
#include "cluster/node/remembered_seat.hpp"

namespace millrace::cluster {
namespace {

// Which seats a process with node.name = "*" may take. A seat that the certificate does not name would
// get no link to any other node.
std::function<bool(const std::string&)> certified(const config::TlsConfig& tls) {
  auto names = config::certificate_names(tls);
  if (!names) return {};
  return [names = *std::move(names),
          told = std::make_shared<std::set<std::string>>()](const std::string& seat) {
    if (std::find(names.begin(), names.end(), seat) != names.end()) return true;
    if (told->insert(seat).second) {
      std::string all;
      for (const std::string& name : names) all += (all.empty() ? "" : ", ") + name;
      spdlog::warn("node {} is not for this process: its certificate names {}", seat, all);
    }
    return false;
  };
}

// The processes that hold a seat, as far as they are reached.
std::vector<transport::HolderLinks::Holder> holders_of(
    const std::vector<postgres_log::Seat>& seats) {
  const std::string own = own_process();
  std::vector<transport::HolderLinks::Holder> holders;
  for (const postgres_log::Seat& seat : seats) {
    const auto address = config::parse_address(seat.address);
    if (seat.lease_left.count() <= 0 || seat.holder.empty() || seat.holder == own || !address) {
      continue;
    }
    holders.push_back({seat.holder, seat.name, seat.epoch, {address->host, address->port}});
  }
  return holders;
}

// What this process remembers of a seat lies in the directory of that seat.
void remember(const config::Config& config, postgres_log::Options& options) {
  const auto directory_of = [base = std::filesystem::path(config.node.data_dir),
                             is_any =
                                 config.node.name == config::any_seat](const std::string& seat) {
    return is_any ? base / seat : base;
  };
  options.remembered = [directory_of](const std::string& seat) {
    return remembered_seat(directory_of(seat));
  };
  options.on_taken = [directory_of](const std::string& seat,
                                    const postgres_log::SeatMemory& memory) {
    const auto done = remember_seat(directory_of(seat), memory);
    if (done) return;
    spdlog::warn("a later start would not notice that the database of node {} is an older one: {}",
                 seat, done.error().message);
  };
}

}  // namespace

Result<engines::AnyLog> log_of(const config::Config& config) {
  if (config.log.engine == config::LogEngine::journal) {
    return engines::AnyLog(
        engines::LogOptions{.data_dir = config.node.data_dir, .journal = config.journal});
  }
  auto dsn = config::read_dsn(config.log.dsn_file);
  if (!dsn) return dsn.error();
  postgres_log::Options options = config.postgres;
  options.dsn = *std::move(dsn);
  options.node = config.node.name;
  options.holder = own_process();
  options.has_ended = has_ended;
  options.cluster = config.cluster.name;
  return engines::AnyLog(std::move(options));
}

Result<LogEngine> make_log_engine(const config::Config& config, const WaitHooks& hooks) {
  if (config.log.engine == config::LogEngine::journal) return LogEngine{};
  auto any = log_of(config);
  if (!any) return any.error();
  LogEngine log;
  log.seats = std::make_shared<SeatsSeen>();
  log.options = std::get<postgres_log::Options>(*std::move(any));
  log.links = std::make_shared<HolderLinksSlot>();
  log.options.has_ended = [links = log.links](const std::string& holder) {
    return has_ended(holder) || links->has_died(holder);
  };
  log.follows = std::make_shared<FollowedSeatsSlot>();
  log.options.on_wait = hooks.on_wait;
  log.options.on_look = [seen = log.seats, links = log.links, follows = log.follows,
                         hooks](const std::vector<postgres_log::Seat>& seats) {
    seen->set(seats);
    links->look(holders_of(seats));
    if (hooks.on_look) hooks.on_look(seats);
    const auto followed = follows->get();
    if (!followed) return;
    followed->look(seats);
    if (hooks.on_follow) hooks.on_follow(followed->status());
  };
  if (config.node.name == config::any_seat) {
    for (const config::MemberConfig& member : config.cluster.nodes) {
      if (config::may_take(config, member)) log.options.seats.push_back(member.name);
    }
    log.options.may_take = certified(config.tls);
  }
  remember(config, log.options);
  log.engine = engines::make_engine(log.options);
  return log;
}

std::shared_ptr<FollowedSeats> follow_seats(const config::Config& config, const LogEngine& log,
                                            const std::vector<PipelineSpec>& pipelines) {
  if (log.engine == nullptr || !config.log.follow) return nullptr;
  RuntimeOptions runtime = runtime_options(config);
  runtime.engine = log.engine;
  const auto may_take = [options = log.options](const postgres_log::Seat& seat) {
    const auto is_in = [&](const std::vector<std::string>& names) {
      return names.empty() || std::find(names.begin(), names.end(), seat.name) != names.end();
    };
    if (seat.holder == options.holder || postgres_log::has_moved(seat)) return false;
    if (options.node != config::any_seat) return seat.name == options.node;
    return is_in(options.seats) && (!options.may_take || options.may_take(seat.name));
  };
  return std::make_shared<FollowedSeats>(
      FollowedSeats::Options{log.engine, std::move(runtime), pipelines, may_take});
}

Result<Start> take_start(const config::Config& config, const LogEngine& log, TimeUs now_us) {
  if (log.engine == nullptr) {
    const auto incarnation = next_incarnation(config.node.data_dir, now_us);
    if (!incarnation) return incarnation.error();
    return Start{.incarnation = incarnation->number,
                 .is_copy = incarnation->is_copy,
                 .node = config.node.name};
  }
  auto links =
      transport::HolderLinks::start({config.cluster.name, protocol_version, tls_files(config.tls)});
  if (!links) return links.error();
  log.links->set(*std::move(links));
  auto opened = log.engine->open(logs::Opener::writer);
  log.links->set(nullptr);
  if (!opened) return opened.error();
  Start start{.incarnation = (*opened)->epoch(), .node = (*opened)->node()};
  start.log = *std::move(opened);
  return start;
}

}  // namespace millrace::cluster
