#include "apps/simulate/fleet/cluster_files.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "apps/serve/config_text.hpp"
#include "apps/simulate/fleet/node_logs.hpp"
#include "cluster/certs/certificate_files.hpp"

namespace millrace::simulate {
namespace {

using std::filesystem::path;

constexpr std::uint32_t certificate_days = 30;
constexpr const char* any_certificate = "any-node";

Result<void> write_certificates(const Options& options, const path& folder, std::time_t now) {
  certs::ClusterCertificates wanted{
      .folder = folder, .cluster = "simulation", .nodes = {}, .days = certificate_days};
  // The certificate of a process that may become any node names all of them.
  if (options.standbys > 0) wanted.nodes.emplace_back(any_certificate);
  for (std::uint32_t node = 0; node < options.nodes; ++node) {
    if (options.standbys > 0) {
      wanted.hosts.push_back({any_certificate, node_name(node)});
    } else {
      wanted.nodes.push_back(node_name(node));
    }
  }
  const auto written = certs::write_certificates(wanted, now);
  if (!written) return written.error();
  return {};
}

constexpr std::array<const char*, 3> roles{"orders", "stock", "payments"};

/// Assigns roles to nodes in turn, so that each node has a role and each role has a node.
std::vector<std::string> roles_of(std::uint32_t node, std::uint32_t nodes) {
  std::vector<std::string> own;
  for (std::size_t turn = node; turn < std::max<std::size_t>(nodes, roles.size()); turn += nodes) {
    own.emplace_back(roles[turn % roles.size()]);
  }
  return own;
}

/// Gives stock and payments a role of their own, so that with two or more nodes the saga and the
/// stages that answer it can be on different nodes.
std::vector<serve::StageRole> stage_roles() {
  std::vector<serve::StageRole> stages;
  for (const char* stage : {"validate", "saga", "shipping", "notify"}) {
    stages.push_back({"orders", stage, "orders"});
  }
  stages.push_back({"orders", "stock", "stock"});
  stages.push_back({"orders", "payments", "payments"});
  return stages;
}

std::string config_text(const Options& options, std::uint32_t process, const NodeFiles& files,
                        const std::vector<std::uint16_t>& ports, const path& certificates) {
  serve::ConfigText text{.cluster = "simulation",
                         .shards = options.shards,
                         .node = options.standbys > 0 ? "*" : node_name(process),
                         .data_dir = files.data_dir,
                         .listen = "127.0.0.1:0",
                         .http = "127.0.0.1:0",
                         .certificates = certificates,
                         .certificate = options.standbys > 0 ? any_certificate : ""};
  if (options.log == LogKind::postgres) {
    text.postgres = {dsn_file(options, process), schema(options),
                     options.follow && options.standbys > 0};
  }
  for (std::uint32_t member = 0; member < options.nodes; ++member) {
    text.members.push_back({node_name(member), "127.0.0.1:" + std::to_string(ports[member])});
    if (options.placement == Placement::roles) {
      text.members.back().roles = roles_of(member, options.nodes);
    }
  }
  if (options.placement == Placement::roles) text.stages = stage_roles();
  return to_toml(text);
}

/// Overrides that configure a single node without a config file, as `KEY=VALUE`.
std::vector<std::string> settings(const Options& options) {
  std::vector<std::string> settings{
      "node.name=" + node_name(0),  "node.data_dir=" + options.data_dir.string(),
      "listen.cluster=127.0.0.1:0", "listen.http=127.0.0.1:0",
      "cluster.name=simulation",    "cluster.shards=" + std::to_string(options.shards)};
  if (options.log == LogKind::postgres) {
    settings.insert(settings.end(), {"log.engine=postgres",
                                     "log.postgres.dsn_file=" + dsn_file(options, 0).string(),
                                     "log.postgres.schema=" + schema(options)});
  }
  return settings;
}

}  // namespace

Result<std::vector<NodeFiles>> write_cluster_files(
    const Options& options, const std::vector<std::vector<std::uint16_t>>& ports, std::time_t now) {
  const std::uint32_t processes = process_count(options);
  for (std::uint32_t i = 0; options.log == LogKind::postgres && i < processes; ++i) {
    if (auto written = write_dsn(options, i); !written) return written.error();
  }
  if (processes == 1) {
    return std::vector{NodeFiles{.data_dir = options.data_dir, .sets = settings(options)}};
  }
  const path certificates = options.data_dir / "certs";
  std::error_code error;
  std::filesystem::create_directories(options.data_dir, error);
  if (auto written = write_certificates(options, certificates, now); !written) {
    return written.error();
  }
  std::vector<NodeFiles> all;
  for (std::uint32_t process = 0; process < processes; ++process) {
    const std::string name = process_name(options, process);
    const NodeFiles files{.data_dir = options.data_dir / name,
                          .config = options.data_dir / (name + ".toml"),
                          .log = options.data_dir / (name + ".log")};
    const auto written = serve::write_text(
        files.config, config_text(options, process, files, ports[process], certificates));
    if (!written) return written.error();
    all.push_back(files);
  }
  return all;
}

}  // namespace millrace::simulate
