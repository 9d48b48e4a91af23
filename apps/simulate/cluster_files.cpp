#include "apps/simulate/cluster_files.hpp"

#include <fstream>
#include <string>

#include "cluster/certs/certificate_files.hpp"

namespace millrace::simulate {
namespace {

using std::filesystem::path;

constexpr std::uint32_t certificate_days = 30;

/// A string of TOML.
std::string quote(const std::string& text) {
  std::string quoted = "\"";
  for (const char letter : text) {
    if (letter == '"' || letter == '\\') quoted += '\\';
    quoted += letter;
  }
  return quoted + '"';
}

Result<void> write_certificates(const Options& options, const path& folder, std::time_t now) {
  certs::ClusterCertificates wanted{
      .folder = folder, .cluster = "simulation", .nodes = {}, .days = certificate_days};
  for (std::uint32_t node = 0; node < options.nodes; ++node) {
    wanted.nodes.push_back(node_name(node));
  }
  const auto written = certs::write_certificates(wanted, now);
  if (!written) return written.error();
  return {};
}

std::string config_text(const Options& options, std::uint32_t node, const NodeFiles& files,
                        const std::vector<std::uint16_t>& ports, const path& certificates) {
  const std::string name = node_name(node);
  std::string text = "[node]\nname = " + quote(name) +
                     "\ndata_dir = " + quote(files.data_dir.string()) +
                     "\n\n[listen]\ncluster = \"127.0.0.1:0\"\nhttp = \"127.0.0.1:0\"\n"
                     "\n[cluster]\nname = \"simulation\"\nshards = " +
                     std::to_string(options.shards) + "\n";
  for (std::uint32_t member = 0; member < options.nodes; ++member) {
    text += "\n[[cluster.nodes]]\nname = " + quote(node_name(member)) +
            "\naddress = \"127.0.0.1:" + std::to_string(ports[member]) + "\"\n";
  }
  text += "\n[cluster.overrides]\n";
  for (std::uint32_t shard = 0; shard < options.shards; ++shard) {
    text += std::to_string(shard) + " = " + quote(node_name(shard % options.nodes)) + "\n";
  }
  return text + "\n[tls]\nca = " + quote((certificates / "ca.crt").string()) +
         "\ncertificate = " + quote((certificates / (name + ".crt")).string()) +
         "\nkey = " + quote((certificates / (name + ".key")).string()) + "\n";
}

/// Of a node by itself.
std::vector<std::string> settings(const Options& options) {
  return {"node.name=" + node_name(0),  "node.data_dir=" + options.data_dir.string(),
          "listen.cluster=127.0.0.1:0", "listen.http=127.0.0.1:0",
          "cluster.name=simulation",    "cluster.shards=" + std::to_string(options.shards)};
}

Result<void> write_file(const path& file, const std::string& text) {
  std::ofstream out(file, std::ios::trunc);
  out << text;
  out.close();
  if (out) return {};
  return Error{ErrorCode::storage_failed, file.string() + " cannot be written"};
}

}  // namespace

Result<std::vector<NodeFiles>> write_cluster_files(
    const Options& options, const std::vector<std::vector<std::uint16_t>>& ports, std::time_t now) {
  if (options.nodes == 1) {
    return std::vector{NodeFiles{.data_dir = options.data_dir, .sets = settings(options)}};
  }
  const path certificates = options.data_dir / "certs";
  std::error_code error;
  std::filesystem::create_directories(options.data_dir, error);
  if (auto written = write_certificates(options, certificates, now); !written) {
    return written.error();
  }
  std::vector<NodeFiles> all;
  for (std::uint32_t node = 0; node < options.nodes; ++node) {
    const std::string name = node_name(node);
    const NodeFiles files{.data_dir = options.data_dir / name,
                          .config = options.data_dir / (name + ".toml"),
                          .log = options.data_dir / (name + ".log")};
    const auto written =
        write_file(files.config, config_text(options, node, files, ports[node], certificates));
    if (!written) return written.error();
    all.push_back(files);
  }
  return all;
}

}  // namespace millrace::simulate
