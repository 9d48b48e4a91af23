#include "apps/simulate/fleet/fleet.hpp"

#include <algorithm>
#include <csignal>
#include <ctime>
#include <filesystem>
#include <system_error>
#include <utility>

#include <poll.h>

namespace millrace::simulate {

Result<Fleet> Fleet::prepare(const Options& options, WitnessMemory& witness) {
  Fleet fleet(options, witness);
  std::vector<std::vector<std::uint16_t>> ports(1, std::vector<std::uint16_t>(1));
  if (options.nodes > 1) {
    const WitnessHead& head = witness.head();
    auto proxy = PartitionProxy::start(options.nodes, [&head](std::uint32_t node) -> std::uint16_t {
      return head.node[node].port;
    });
    if (!proxy) return proxy.error();
    fleet.proxy_ = std::move(*proxy);
    ports = fleet.proxy_->ports();
  }
  auto files = write_cluster_files(options, ports, std::time(nullptr));
  if (!files) return files.error();
  fleet.files_ = std::move(*files);
  fleet.nodes_.resize(options.nodes);
  return fleet;
}

Result<void> Fleet::start(std::uint32_t node) {
  Node& own = nodes_[node];
  const NodeFiles& files = files_[node];
  NodePage& page = witness_->head().node[node];
  page.port = 0;
  page.rest_looks = 0;
  page.failure = {};
  own.starts_before = page.starts;
  own.started_us = clock_->steady_us();
  own.is_stop_requested = false;
  auto process = NodeProcess::start(
      node_arguments(*options_, {node, files.config, files.sets}, witness_->fd()), witness_->fd(),
      files.log);
  if (!process) return process.error();
  own.process.emplace(std::move(*process));
  return {};
}

Result<void> Fleet::start_missing() {
  for (std::uint32_t node = 0; node < size(); ++node) {
    if (is_running(node)) continue;
    if (auto started = start(node); !started) return started;
  }
  return {};
}

bool Fleet::is_any_running() const {
  return std::any_of(nodes_.begin(), nodes_.end(),
                     [](const Node& node) { return node.process.has_value(); });
}

bool Fleet::serves(std::uint32_t node) const {
  return is_running(node) && witness_->head().node[node].starts > nodes_[node].starts_before;
}

void Fleet::kill(std::uint32_t node) {
  note_end(nodes_[node].process->kill());
  nodes_[node].process.reset();
}

void Fleet::kill_all() {
  for (std::uint32_t node = 0; node < size(); ++node) {
    if (is_running(node)) kill(node);
  }
}

Result<void> Fleet::destroy(std::uint32_t node) {
  kill(node);
  // With a single node, the directory holds the run's own files as well.
  const std::filesystem::path& data = files_[node].data_dir;
  std::error_code error;
  std::filesystem::remove_all(size() > 1 ? data : data / "state", error);
  if (!error) return {};
  return Error{ErrorCode::storage_failed, data.string() + ": " + error.message()};
}

void Fleet::terminate(std::uint32_t node) {
  nodes_[node].is_stop_requested = true;
  nodes_[node].process->send(SIGTERM);
}

void Fleet::pause(std::uint32_t node, bool is_paused) {
  if (is_running(node)) nodes_[node].process->send(is_paused ? SIGSTOP : SIGCONT);
}

void Fleet::cut(std::uint32_t a, std::uint32_t b, bool is_cut) {
  if (proxy_) proxy_->cut(a, b, is_cut);
}

void Fleet::move_shard(std::uint32_t node, std::uint32_t to) {
  NodePage& page = witness_->head().node[node];
  page.move_target = to;
  page.requested_moves += 1;
}

std::uint64_t Fleet::shards_moved() const {
  std::uint64_t moved = 0;
  for (std::uint32_t node = 0; node < size(); ++node) moved += witness_->head().node[node].moves;
  return moved;
}

void Fleet::set_disk_delay(std::uint32_t node, std::int64_t delay_us) {
  witness_->head().node[node].disk_delay_us = delay_us;
}

void Fleet::set_clock(std::uint32_t node, DurationUs offset_us) {
  witness_->head().node[node].clock_offset_us = offset_us;
}

void Fleet::wait(std::chrono::microseconds span) const {
  std::vector<pollfd> ends;
  for (const Node& node : nodes_) {
    if (node.process) ends.push_back({node.process->end_fd(), POLLIN, 0});
  }
  const auto seconds = std::chrono::floor<std::chrono::seconds>(span);
  const timespec left{seconds.count(), std::chrono::nanoseconds(span - seconds).count()};
  ppoll(ends.data(), ends.size(), &left, nullptr);
}

std::optional<Fleet::Ended> Fleet::take_ended() {
  for (std::uint32_t node = 0; node < size(); ++node) {
    if (!is_running(node)) continue;
    const auto end = nodes_[node].process->wait_for(std::chrono::milliseconds(0));
    if (!end) continue;
    note_end(*end);
    nodes_[node].process.reset();
    return Ended{node, *end, nodes_[node].is_stop_requested};
  }
  return std::nullopt;
}

std::uint64_t Fleet::rss_bytes() const {
  std::uint64_t sum = 0;
  for (const Node& node : nodes_) sum += node.process ? node.process->rss_bytes() : 0;
  return sum;
}

void Fleet::note_end(const ProcessEnd& end) {
  rss_peak_bytes_ = std::max(rss_peak_bytes_, end.rss_peak_bytes);
  cpu_s_ += end.cpu_s;
}

}  // namespace millrace::simulate
