#include "apps/dev/dev_cluster.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <ctime>
#include <iostream>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "apps/dev/fixed_ports.hpp"
#include "apps/processes/loopback.hpp"
#include "apps/processes/node_process.hpp"
#include "apps/serve/config_text.hpp"
#include "cluster/certs/certificate_files.hpp"

namespace millrace::dev {
namespace {

using processes::NodeProcess;
using processes::ProcessEnd;
using std::filesystem::path;
using SteadyTime = std::chrono::steady_clock::time_point;

constexpr std::chrono::milliseconds look_interval{100};
constexpr std::chrono::seconds restart_delay{1};
constexpr std::chrono::seconds drain_timeout{45};
constexpr std::uint32_t certificate_days = 365;

std::string address(std::uint16_t port) {
  return "127.0.0.1:" + std::to_string(port);
}

/// The first of consecutive ports for clients: `wanted`, or 0 if one of them is taken.
std::uint16_t client_port(std::uint16_t wanted, std::uint32_t nodes) {
  return wanted != 0 && are_free(wanted, nodes) ? wanted : 0;
}

/// Returns three ports per node, for the cluster, HTTP and Kafka: consecutive ones from those of the
/// options, or free ports. A free port can be taken by another process before the node listens on it.
Result<std::vector<std::uint16_t>> pick_ports(const DevOptions& options) {
  std::vector<std::uint16_t> ports;
  std::vector<processes::Listener> held;  // open until all ports are picked: no port twice
  const std::uint16_t http = options.port != 0
                                 ? static_cast<std::uint16_t>(options.port + options.nodes)
                                 : client_port(options.http_port, options.nodes);
  const std::uint16_t firsts[] = {options.port, http,
                                  client_port(options.kafka_port, options.nodes)};
  for (std::uint32_t i = 0; i < 3 * options.nodes; ++i) {
    if (const std::uint16_t first = firsts[i / options.nodes]; first != 0) {
      ports.push_back(static_cast<std::uint16_t>(first + i % options.nodes));
      continue;
    }
    auto listener = processes::listen_on_loopback();
    if (!listener) return listener.error();
    ports.push_back(listener->port);
    held.push_back(std::move(*listener));
  }
  return ports;
}

struct Node {
  std::string name;
  std::string http;
  std::string kafka;  ///< empty: it has no door for Kafka's clients
  path config;
  path log;
  std::optional<NodeProcess> process{};
  SteadyTime start_at{};  ///< earliest start; used only without a process
};

Result<void> write_certificates(const path& folder, const std::vector<Node>& nodes) {
  if (std::filesystem::exists(folder / "ca.crt")) return {};
  certs::ClusterCertificates wanted{
      .folder = folder, .cluster = "dev", .nodes = {}, .days = certificate_days};
  for (const Node& node : nodes) wanted.nodes.push_back(node.name);
  const auto written = certs::write_certificates(wanted, std::time(nullptr));
  if (!written) return written.error();
  return {};
}

/// Locks the folder for as long as it lives: two runs in one folder would give each other's nodes new
/// addresses.
class FolderLock {
 public:
  static Result<FolderLock> take(const path& folder) {
    const path file = folder / "dev.lock";
    FolderLock lock(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640));
    if (lock.fd_ < 0) {
      return Error{ErrorCode::storage_failed,
                   file.string() + ": " + std::generic_category().message(errno)};
    }
    if (::flock(lock.fd_, LOCK_EX | LOCK_NB) == 0) return lock;
    return Error{ErrorCode::storage_locked,
                 "a cluster is already running in " + folder.string() +
                     "; stop it first, or use another folder with --dir"};
  }
  ~FolderLock() {
    if (fd_ >= 0) ::close(fd_);
  }
  FolderLock(FolderLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FolderLock& operator=(FolderLock&&) = delete;

 private:
  explicit FolderLock(int fd) : fd_(fd) {}

  int fd_;
};

/// Returns how many nodes the folder has of an earlier run.
std::uint32_t nodes_in(const path& folder) {
  std::uint32_t nodes = 0;
  while (std::filesystem::exists(folder / ("node-" + std::to_string(nodes + 1) + ".toml"))) ++nodes;
  return nodes;
}

/// Fails if nodes that may own shards would be left out.
Result<void> check_nodes(const path& folder, std::uint32_t before, std::uint32_t wanted) {
  if (wanted >= before) return {};
  const std::string last = "node-" + std::to_string(before);
  return Error{ErrorCode::invalid_argument,
               folder.string() + " holds a cluster of " + std::to_string(before) +
                   " nodes: run it with --nodes " + std::to_string(before) +
                   ". To shrink it, move the shards of " + last +
                   " away with `millrace cluster leave --server` at its address, stop the cluster, "
                   "and remove " +
                   last + ".toml and " + last};
}

Result<path> make_folder(const DevOptions& options) {
  std::error_code error;
  path folder = std::filesystem::absolute(options.folder, error);
  std::filesystem::create_directories(folder, error);
  if (!error) return folder;
  return Error{ErrorCode::storage_failed, folder.string() + ": " + error.message()};
}

Result<std::vector<Node>> write_files(const DevOptions& options, const path& folder) {
  const auto ports = pick_ports(options);
  if (!ports) return ports.error();
  std::vector<Node> nodes;
  std::vector<serve::MemberText> members;
  for (std::uint32_t i = 0; i < options.nodes; ++i) {
    const std::string name = "node-" + std::to_string(i + 1);
    const std::string http = address((*ports)[options.nodes + i]);
    const std::string kafka =
        options.kafka_port == 0 ? std::string() : address((*ports)[2 * options.nodes + i]);
    nodes.push_back({name, http, kafka, folder / (name + ".toml"), folder / (name + ".log")});
    members.push_back({name, address((*ports)[i]), http});
  }
  // One folder per number of nodes: the certificates of an earlier cluster of another size do not
  // cover the same nodes.
  const path certificates = folder / ("certs-" + std::to_string(options.nodes));
  if (auto written = write_certificates(certificates, nodes); !written) return written.error();
  for (std::uint32_t i = 0; i < options.nodes; ++i) {
    const auto written =
        serve::write_text(nodes[i].config, serve::to_toml({.cluster = "dev",
                                                           .shards = 16,
                                                           .node = nodes[i].name,
                                                           .data_dir = folder / nodes[i].name,
                                                           .listen = members[i].address,
                                                           .http = nodes[i].http,
                                                           .members = members,
                                                           .certificates = certificates,
                                                           .kafka = nodes[i].kafka}));
    if (!written) return written.error();
  }
  return nodes;
}

class Cluster {
 public:
  explicit Cluster(std::vector<Node> nodes) : nodes_(std::move(nodes)) {}

  /// Starts each node that has no process and whose restart delay has passed.
  Result<void> start_due() {
    for (Node& node : nodes_) {
      if (node.process || std::chrono::steady_clock::now() < node.start_at) continue;
      auto process =
          NodeProcess::start({"node", "-c", node.config.string()}, std::nullopt, node.log);
      if (!process) return process.error();
      node.process.emplace(std::move(*process));
      std::cout << node.name << "  http://" << node.http << "  pid " << node.process->pid()
                << "  log " << node.log.string();
      if (!node.kafka.empty()) std::cout << "  kafka " << node.kafka;
      std::cout << std::endl;
    }
    return {};
  }

  /// Notes processes that have ended and schedules their restart. Prints a message unless
  /// `is_expected`.
  void note_ended(bool is_expected) {
    for (Node& node : nodes_) {
      if (!node.process) continue;
      const auto end = node.process->wait_for(std::chrono::milliseconds(0));
      if (!end) continue;
      node.process.reset();
      node.start_at = std::chrono::steady_clock::now() + restart_delay;
      is_clean_ = is_clean_ && end->signal == 0 && end->exit_status == 0;
      if (!is_expected) std::cerr << node.name << " " << describe(*end) << "; starting it again\n";
    }
  }

  Result<void> drain(const serve::Signals& signals) {
    std::cerr << "draining; once more to kill\n";
    is_clean_ = true;
    send(SIGTERM);
    const auto deadline = std::chrono::steady_clock::now() + drain_timeout;
    while (is_running()) {
      const auto signal = signals.wait(look_interval);
      if (signal == SIGINT || signal == SIGTERM || std::chrono::steady_clock::now() > deadline) {
        send(SIGKILL);
      }
      note_ended(true);
    }
    if (is_clean_) return {};
    return Error{ErrorCode::timeout, "not every node drained; their logs say why"};
  }

 private:
  static std::string describe(const ProcessEnd& end) {
    if (end.signal != 0) return "was ended by signal " + std::to_string(end.signal);
    return "ended with status " + std::to_string(end.exit_status);
  }

  void send(int signal) {
    for (const Node& node : nodes_) {
      if (node.process) node.process->send(signal);
    }
  }

  [[nodiscard]] bool is_running() const {
    return std::any_of(nodes_.begin(), nodes_.end(),
                       [](const Node& node) { return node.process.has_value(); });
  }

  std::vector<Node> nodes_;
  bool is_clean_ = true;
};

}  // namespace

Result<void> run_cluster(const DevOptions& options, const serve::Signals& signals) {
  const auto folder = make_folder(options);
  if (!folder) return folder.error();
  const auto lock = FolderLock::take(*folder);
  if (!lock) return lock.error();
  const std::uint32_t before = nodes_in(*folder);
  if (auto fits = check_nodes(*folder, before, options.nodes); !fits) return fits;
  auto nodes = write_files(options, *folder);
  if (!nodes) return nodes.error();
  if (before != 0 && options.nodes > before) {
    std::cerr << "new nodes own no shards yet; give them their share: millrace cluster rebalance "
                 "--yes --server http://"
              << nodes->front().http << '\n';
  }
  Cluster cluster(std::move(*nodes));
  for (;;) {
    if (auto started = cluster.start_due(); !started) return started;
    const auto signal = signals.wait(look_interval);
    if (signal == SIGINT || signal == SIGTERM) return cluster.drain(signals);
    cluster.note_ended(false);
  }
}

}  // namespace millrace::dev
