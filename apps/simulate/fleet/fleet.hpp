// Fleet: the processes of a simulation, which are its nodes and its standbys, and the network between them.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "actors/base/time.hpp"
#include "apps/processes/node_process.hpp"
#include "apps/simulate/fleet/cluster_files.hpp"
#include "apps/simulate/fleet/partition_proxy.hpp"
#include "apps/simulate/plan/options.hpp"
#include "apps/simulate/plan/witness_memory.hpp"

namespace millrace::simulate {

using processes::NodeProcess;
using processes::ProcessEnd;

/// Without standbys, process i is node i. With standbys, each process becomes a node that is free, or waits
/// for one; when it ends, another process may become its node before this one is started again.
///
/// Not thread-safe. Kills all processes in the destructor.
class Fleet {
 public:
  /// Writes the files of the processes and starts the partition proxy; starts no process. `options` and
  /// `witness` must outlive the fleet. Fails with `storage_failed` or `unreachable`.
  [[nodiscard]] static Result<Fleet> prepare(const Options& options, WitnessMemory& witness);

  /// Number of nodes.
  [[nodiscard]] std::uint32_t size() const { return options_->nodes; }
  [[nodiscard]] bool has_standbys() const { return options_->standbys > 0; }
  /// Without standbys: the files of a node.
  [[nodiscard]] const NodeFiles& files(std::uint32_t node) const { return files_[node]; }

  /// Starts a process for a node: its own one or, with standbys, one of those that do not run. REQUIRES:
  /// that one does not run. Fails with `storage_failed`.
  Result<void> start(std::uint32_t node);
  Result<void> start_missing();

  /// The process that is a node.
  [[nodiscard]] std::optional<std::uint32_t> process_of(std::uint32_t node) const;
  /// The node that a process is.
  [[nodiscard]] std::optional<std::uint32_t> node_of(std::uint32_t process) const;
  [[nodiscard]] bool is_running(std::uint32_t node) const { return process_of(node).has_value(); }
  [[nodiscard]] bool is_process_running(std::uint32_t process) const {
    return processes_[process].process.has_value();
  }
  [[nodiscard]] bool is_any_running() const;
  /// Whether the current process of the node has reached serving.
  [[nodiscard]] bool serves(std::uint32_t node) const;
  /// Whether a process waits for a node to become.
  [[nodiscard]] bool has_waiting() const;

  /// Sends SIGKILL and waits. REQUIRES: is_running(node).
  void kill(std::uint32_t node);
  void kill_all();
  /// As kill(), and removes the data directory: the next process finds nothing, as on another machine.
  /// Fails with `storage_failed`. REQUIRES: is_running(node); the log is not a journal.
  Result<void> destroy(std::uint32_t node);
  /// Sends SIGTERM: the node drains and ends. REQUIRES: is_running(node).
  void terminate(std::uint32_t node);
  [[nodiscard]] bool is_stop_requested(std::uint32_t node) const;
  /// Sends SIGTERM to the processes that wait for a node. Returns whether any process runs that is no node.
  bool terminate_standbys();
  /// Sends SIGSTOP or SIGCONT if the process runs.
  void pause(std::uint32_t process, bool is_paused);
  /// Blocks or restores the connections between two nodes.
  void cut(std::uint32_t a, std::uint32_t b, bool is_cut);
  /// Requests that a node moves one of its shards to node `to`. Does not wait.
  void move_shard(std::uint32_t node, std::uint32_t to);
  /// Completed moves of all nodes.
  [[nodiscard]] std::uint64_t shards_moved() const;
  void set_disk_delay(std::uint32_t node, std::int64_t delay_us);
  /// Sets the wall clock that the processes of the node see `offset_us` after the true time.
  void set_clock(std::uint32_t node, DurationUs offset_us);

  /// Blocks until a process has ended, for at most `span`.
  void wait(std::chrono::microseconds span) const;

  /// A process that ended without kill() since the last call of take_ended().
  struct Ended {
    std::uint32_t process = 0;
    std::optional<std::uint32_t> node;  ///< that it was
    ProcessEnd end;
    bool was_requested = false;  ///< it was terminated
    std::string failure;         ///< that it has noted
  };
  [[nodiscard]] std::optional<Ended> take_ended();

  [[nodiscard]] std::uint64_t rss_bytes() const;
  [[nodiscard]] std::uint64_t rss_peak_bytes() const { return rss_peak_bytes_; }
  [[nodiscard]] double cpu_s() const { return cpu_s_; }

 private:
  struct Process {
    std::optional<NodeProcess> process;  ///< nullopt: it does not run
    pid_t pid = 0;                       ///< of the last one
    bool is_stop_requested = false;
  };

  Fleet(const Options& options, WitnessMemory& witness) : options_(&options), witness_(&witness) {}
  Result<void> start_process(std::uint32_t process);
  void kill_process(std::uint32_t process);
  void note_end(std::uint32_t process, const ProcessEnd& end);

  const Options* options_;
  WitnessMemory* witness_;
  std::unique_ptr<PartitionProxy> proxy_;  ///< nullptr with a single process
  std::vector<NodeFiles> files_;
  std::vector<Process> processes_;
  std::uint64_t rss_peak_bytes_ = 0;  ///< maximum of a single process
  double cpu_s_ = 0;
};

}  // namespace millrace::simulate
