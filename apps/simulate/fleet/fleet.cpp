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
  const std::uint32_t processes = process_count(options);
  std::vector<std::vector<std::uint16_t>> ports(1, std::vector<std::uint16_t>(1));
  if (processes > 1) {
    const WitnessHead& head = witness.head();
    const auto port_of = [&head](std::uint32_t node) -> std::uint16_t {
      return head.node[node].port;
    };
    const auto node_of = [&head](std::uint32_t process) -> std::optional<std::uint32_t> {
      const std::uint32_t node = head.process[process].node;
      return node == 0 ? std::nullopt : std::optional(node - 1);
    };
    auto proxy = PartitionProxy::start(processes, options.nodes, port_of, node_of);
    if (!proxy) return proxy.error();
    fleet.proxy_ = std::move(*proxy);
    ports = fleet.proxy_->ports();
  }
  auto files = write_cluster_files(options, ports, std::time(nullptr));
  if (!files) return files.error();
  fleet.files_ = std::move(*files);
  fleet.processes_.resize(processes);
  return fleet;
}

Result<void> Fleet::start(std::uint32_t node) {
  if (!has_standbys()) return start_process(node);
  for (std::uint32_t process = 0; process < processes_.size(); ++process) {
    if (!is_process_running(process)) return start_process(process);
  }
  return {};
}

Result<void> Fleet::start_process(std::uint32_t process) {
  Process& own = processes_[process];
  const NodeFiles& files = files_[process];
  NodeOptions wanted{process, std::nullopt, files.config, files.sets};
  ProcessPage& page = witness_->head().process[process];
  page.failure = {};
  if (!has_standbys()) {
    wanted.node = process;
    page.node = process + 1;
  }
  own.is_stop_requested = false;
  auto started = NodeProcess::start(node_arguments(*options_, wanted, witness_->fd()),
                                    witness_->fd(), files.log);
  if (!started) return started.error();
  own.pid = started->pid();
  own.process.emplace(std::move(*started));
  return {};
}

Result<void> Fleet::start_missing() {
  for (std::uint32_t process = 0; process < processes_.size(); ++process) {
    if (is_process_running(process)) continue;
    if (auto started = start_process(process); !started) return started;
  }
  return {};
}

std::optional<std::uint32_t> Fleet::node_of(std::uint32_t process) const {
  const std::uint32_t node = witness_->head().process[process].node;
  if (!is_process_running(process) || node == 0) return std::nullopt;
  // Of two that were the node, the one that became it last is the node.
  const bool is_last = witness_->head().node[node - 1].pid == processes_[process].pid;
  return has_standbys() && !is_last ? std::nullopt : std::optional(node - 1);
}

std::optional<std::uint32_t> Fleet::process_of(std::uint32_t node) const {
  for (std::uint32_t process = 0; process < processes_.size(); ++process) {
    if (node_of(process) == node) return process;
  }
  return std::nullopt;
}

bool Fleet::is_any_running() const {
  return std::any_of(processes_.begin(), processes_.end(),
                     [](const Process& process) { return process.process.has_value(); });
}

bool Fleet::serves(std::uint32_t node) const {
  const auto process = process_of(node);
  return process && witness_->head().node[node].serving_pid == processes_[*process].pid;
}

bool Fleet::has_waiting() const {
  for (std::uint32_t process = 0; process < processes_.size(); ++process) {
    if (is_process_running(process) && witness_->head().process[process].is_waiting != 0) {
      return true;
    }
  }
  return false;
}

void Fleet::kill_process(std::uint32_t process) {
  note_end(process, processes_[process].process->kill());
}

void Fleet::kill(std::uint32_t node) {
  kill_process(*process_of(node));
}

void Fleet::kill_all() {
  for (std::uint32_t process = 0; process < processes_.size(); ++process) {
    if (is_process_running(process)) kill_process(process);
  }
}

Result<void> Fleet::destroy(std::uint32_t node) {
  const std::uint32_t process = *process_of(node);
  kill_process(process);
  // A single process has the run's own files in its directory as well.
  const std::filesystem::path& data = files_[process].data_dir;
  std::error_code error;
  std::filesystem::remove_all(processes_.size() > 1 ? data : data / "state", error);
  if (!error) return {};
  return Error{ErrorCode::storage_failed, data.string() + ": " + error.message()};
}

void Fleet::terminate(std::uint32_t node) {
  Process& own = processes_[*process_of(node)];
  own.is_stop_requested = true;
  own.process->send(SIGTERM);
}

bool Fleet::is_stop_requested(std::uint32_t node) const {
  const auto process = process_of(node);
  return process && processes_[*process].is_stop_requested;
}

bool Fleet::terminate_standbys() {
  bool is_any_running = false;
  for (std::uint32_t process = 0; process < processes_.size(); ++process) {
    Process& own = processes_[process];
    if (!own.process || node_of(process)) continue;
    is_any_running = true;
    // One that starts does not handle the signal yet, and may become a node. One that was paused, and is no
    // node any more, ends by itself.
    if (witness_->head().process[process].is_waiting == 0) continue;
    if (std::exchange(own.is_stop_requested, true)) continue;
    own.process->send(SIGTERM);
  }
  return is_any_running;
}

void Fleet::pause(std::uint32_t process, bool is_paused) {
  Process& own = processes_[process];
  if (own.process) own.process->send(is_paused ? SIGSTOP : SIGCONT);
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
  for (const Process& process : processes_) {
    if (process.process) ends.push_back({process.process->end_fd(), POLLIN, 0});
  }
  const auto seconds = std::chrono::floor<std::chrono::seconds>(span);
  const timespec left{seconds.count(), std::chrono::nanoseconds(span - seconds).count()};
  ppoll(ends.data(), ends.size(), &left, nullptr);
}

std::optional<Fleet::Ended> Fleet::take_ended() {
  for (std::uint32_t process = 0; process < processes_.size(); ++process) {
    Process& own = processes_[process];
    if (!own.process) continue;
    const auto end = own.process->wait_for(std::chrono::milliseconds(0));
    if (!end) continue;
    Ended ended{process, std::nullopt, *end, own.is_stop_requested,
                witness_->head().process[process].failure.data()};
    const std::uint32_t node = witness_->head().process[process].node;
    if (node != 0) ended.node = node - 1;
    note_end(process, *end);
    return ended;
  }
  return std::nullopt;
}

std::uint64_t Fleet::rss_bytes() const {
  std::uint64_t sum = 0;
  for (const Process& process : processes_) {
    sum += process.process ? process.process->rss_bytes() : 0;
  }
  return sum;
}

void Fleet::note_end(std::uint32_t process, const ProcessEnd& end) {
  rss_peak_bytes_ = std::max(rss_peak_bytes_, end.rss_peak_bytes);
  cpu_s_ += end.cpu_s;
  ProcessPage& page = witness_->head().process[process];
  // Unless another process is the node by now.
  if (const std::uint32_t node = page.node; node != 0) {
    NodePage& own = witness_->head().node[node - 1];
    if (own.pid == processes_[process].pid) {
      own.pid = 0;
      own.port = 0;
      own.rest_looks = 0;
    }
  }
  page.node = 0;
  page.is_waiting = 0;
  processes_[process].process.reset();
}

}  // namespace millrace::simulate
