// millrace cluster certs|members|drain: creates TLS files; lists and drains running nodes.
#include <ctime>
#include <iostream>
#include <memory>

#include "apps/cli/client/server_client.hpp"
#include "apps/cli/command_line.hpp"
#include "apps/cli/commands/seats_command.hpp"
#include "apps/cli/exit_code.hpp"
#include "apps/cli/output.hpp"
#include "cluster/certs/certificate_files.hpp"

namespace millrace::cli {
namespace {

/// Files of the certificate that names several nodes: seats.crt, seats.key.
constexpr const char* seats_file = "seats";

struct ClusterOptions {
  std::string folder;
  std::string cluster = "millrace";
  std::vector<std::string> nodes;
  std::vector<std::string> seats;  ///< nodes that one certificate is for
  std::vector<std::string> hosts;
  std::uint32_t days = 825;
  bool is_renewal = false;
  bool renews_authority = false;
  bool drops_old = false;
};

Result<std::vector<std::filesystem::path>> make_files(const ClusterOptions& options,
                                                      const certs::ClusterCertificates& wanted) {
  const std::time_t now = std::time(nullptr);
  if (options.renews_authority) return certs::renew_authority(wanted, now);
  if (options.drops_old) return certs::drop_old_authorities(wanted, now);
  return options.is_renewal ? certs::renew_certificates(wanted, now)
                            : certs::write_certificates(wanted, now);
}

/// Says for how long the files are valid, and what comes next.
void say_next(const ClusterOptions& options) {
  constexpr std::int64_t day_s = 86'400;
  if (options.renews_authority) {
    std::cerr
        << "ca.crt has the new authority and those of before. Give it to all nodes, send them "
           "SIGHUP, and only then renew their certificates with --renew.\n";
    return;
  }
  if (options.drops_old) {
    std::cerr << "ca.crt has the new authority only. Give it to all nodes, and send them SIGHUP.\n";
    return;
  }
  const auto end = certs::end_of_node(options.folder,
                                      options.nodes.empty() ? seats_file : options.nodes.front());
  // The end is as of some seconds ago.
  const std::int64_t days = end ? (*end - std::time(nullptr) + day_s / 2) / day_s : options.days;
  std::cerr << "Valid for " << days << " days"
            << (days < options.days ? ", until the authority ends: renew that with --renew-ca" : "")
            << ". Keep ca.key away from the nodes: who has it can join the cluster.\n";
}

int run_certs(const ClusterOptions& options) {
  certs::ClusterCertificates wanted{.folder = options.folder,
                                    .cluster = options.cluster,
                                    .nodes = options.nodes,
                                    .days = options.days};
  if (options.nodes.empty() && options.seats.empty()) {
    return fail({ErrorCode::invalid_argument,
                 "expected --nodes, for a certificate each, or --seats, for one that names several "
                 "nodes, got neither"});
  }
  if (!options.seats.empty()) wanted.nodes.emplace_back(seats_file);
  for (const std::string& seat : options.seats) {
    wanted.hosts.push_back({.node = seats_file, .host = seat});
  }
  for (const std::string& text : options.hosts) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos) {
      wanted.hosts.push_back({.node = "", .host = text});
    } else {
      wanted.hosts.push_back({.node = text.substr(0, equals), .host = text.substr(equals + 1)});
    }
  }
  const auto files = make_files(options, wanted);
  if (!files) return fail(files.error());
  for (const auto& file : *files) std::cout << file.string() << '\n';
  say_next(options);
  return exit_ok;
}

void add_certs(CLI::App& group, Action& action) {
  auto options = std::make_shared<ClusterOptions>();
  CLI::App* command =
      add_command(group, "certs", "make an authority and a certificate for each node");
  command
      ->add_option("--out", options->folder,
                   "directory for the files; existing files are overwritten only with --renew")
      ->required()
      ->type_name("DIR");
  command->add_option("--nodes", options->nodes, "names of nodes that have a certificate each")
      ->delimiter(',')
      ->type_name("NAME,…");
  command
      ->add_option("--seats", options->seats,
                   "names of nodes of which a process may become any: seats.crt names them all")
      ->delimiter(',')
      ->type_name("NAME,…");
  command
      ->add_option("--hosts", options->hosts,
                   "further host names or addresses in the certificates, of one node or of all")
      ->delimiter(',')
      ->type_name("[NODE=]HOST,…");
  CLI::Option* const renew =
      command->add_flag("--renew", options->is_renewal,
                        "replace the files of the nodes, signed by the existing authority");
  CLI::Option* const renew_ca =
      command->add_flag("--renew-ca", options->renews_authority,
                        "replace the authority: ca.crt has the new one and the old one");
  CLI::Option* const drop =
      command->add_flag("--drop-old-ca", options->drops_old,
                        "leave only the new authority in ca.crt, once all nodes have\n"
                        "certificates of it");
  renew->excludes(renew_ca)->excludes(drop);
  renew_ca->excludes(drop);
  command->add_option("--days", options->days, "validity in days")
      ->capture_default_str()
      ->check(CLI::Range(1, 36'500));
  command->add_option("--cluster", options->cluster, "name of the cluster")->capture_default_str();
  command->footer("A running node reads its files again on SIGHUP; links that are up stay up.");
  command->callback([options, &action] {
    action = [options] {
      return run_certs(*options);
    };
  });
}

struct ClusterNodeOptions {
  ServerOptions server;
  bool yes = false;
  Format format = Format::table;
};

int run_members(const ClusterNodeOptions& options) {
  auto node = ServerClient::open(options.server);
  if (!node) return fail(node.error());
  const auto answer = node->get("/api/v1/cluster/members");
  if (!answer) return fail(answer.error());
  Listing listing{
      .columns = {"node", "state", "unreachable", "other_layout", "self", "address", "http"},
      .rows = {}};
  for (const auto& member : answer->value("members", nlohmann::ordered_json::array())) {
    listing.rows.push_back(member);
  }
  print(listing, options.format);
  return exit_ok;
}

int run_drain(const ClusterNodeOptions& options) {
  auto node = ServerClient::open(options.server);
  if (!node) return fail(node.error());
  if (!options.yes) {
    const auto status = node->get("/api/v1/status");
    if (!status) return fail(status.error());
    std::cout << "would drain node " << status->value("node", "") << " of cluster "
              << status->value("cluster", "") << ": it finishes its work, leaves and exits\n";
    std::cerr << "millrace: error: nothing was done: add --yes to do it\n";
    return exit_usage;
  }
  const auto answer = node->post("/api/v1/cluster/drain", "");
  if (!answer) return fail(answer.error());
  print(*answer, options.format);
  return exit_ok;
}

void add_members(CLI::App& group, Action& action) {
  auto options = std::make_shared<ClusterNodeOptions>();
  CLI::App* command = add_command(group, "members", "list the members, as one node sees them");
  add_server_options(*command, options->server);
  add_format(*command, options->format);
  command->callback([options, &action] {
    action = [options] {
      return run_members(*options);
    };
  });
}

void add_drain(CLI::App& group, Action& action) {
  auto options = std::make_shared<ClusterNodeOptions>();
  CLI::App* command = add_command(group, "drain", "have a node finish its work, leave and exit");
  add_server_options(*command, options->server);
  add_format(*command, options->format);
  command->add_flag("--yes", options->yes, "confirm");
  command->callback([options, &action] {
    action = [options] {
      return run_drain(*options);
    };
  });
}

}  // namespace

void add_cluster(CLI::App& app, Action& action) {
  CLI::App* group = add_command(app, "cluster", "clusters of nodes");
  group->require_subcommand(1);
  add_certs(*group, action);
  add_members(*group, action);
  add_shards(*group, action);
  add_move_shard(*group, action);
  add_drain(*group, action);
  add_leave(*group, action);
  add_grow(*group, action);
  add_rebalance(*group, action);
  add_remove(*group, action);
  add_seats(*group, action);
}

}  // namespace millrace::cli
