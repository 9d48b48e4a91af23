// Fleet: the node processes of a simulation, and the network between them.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "actors/base/clock.hpp"
#include "apps/simulate/fleet/cluster_files.hpp"
#include "apps/simulate/fleet/node_process.hpp"
#include "apps/simulate/fleet/partition_proxy.hpp"
#include "apps/simulate/plan/options.hpp"
#include "apps/simulate/plan/witness_memory.hpp"

namespace millrace::simulate {

/// Not thread-safe. Kills all processes in the destructor.
class Fleet {
 public:
  /// Writes the files of the nodes and starts the partition proxy; starts no node. `options` and
  /// `witness` must outlive the fleet. Fails with `storage_failed` or `unreachable`.
  [[nodiscard]] static Result<Fleet> prepare(const Options& options, WitnessMemory& witness);

  [[nodiscard]] std::uint32_t size() const { return static_cast<std::uint32_t>(nodes_.size()); }
  [[nodiscard]] const NodeFiles& files(std::uint32_t node) const { return files_[node]; }

  /// Starts the process of a node. REQUIRES: !is_running(node). Fails with `storage_failed`.
  Result<void> start(std::uint32_t node);
  Result<void> start_missing();

  [[nodiscard]] bool is_running(std::uint32_t node) const {
    return nodes_[node].process.has_value();
  }
  [[nodiscard]] bool is_any_running() const;
  /// Whether the current process of the node has reached serving.
  [[nodiscard]] bool serves(std::uint32_t node) const;
  /// Time of the last start of its process.
  [[nodiscard]] TimeUs started_us(std::uint32_t node) const { return nodes_[node].started_us; }

  /// Sends SIGKILL and waits. REQUIRES: is_running(node).
  void kill(std::uint32_t node);
  void kill_all();
  /// As kill(), and removes the data directory: the next process finds nothing, as on another machine.
  /// Fails with `storage_failed`. REQUIRES: is_running(node); the log is not a journal.
  Result<void> destroy(std::uint32_t node);
  /// Sends SIGTERM: the node drains and ends.
  void terminate(std::uint32_t node);
  [[nodiscard]] bool is_stop_requested(std::uint32_t node) const {
    return nodes_[node].is_stop_requested;
  }
  /// Sends SIGSTOP or SIGCONT if the node runs.
  void pause(std::uint32_t node, bool is_paused);
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
    std::uint32_t node = 0;
    ProcessEnd end;
    bool was_requested = false;  ///< terminate() was called before
  };
  [[nodiscard]] std::optional<Ended> take_ended();

  [[nodiscard]] std::uint64_t rss_bytes() const;
  [[nodiscard]] std::uint64_t rss_peak_bytes() const { return rss_peak_bytes_; }
  [[nodiscard]] double cpu_s() const { return cpu_s_; }

 private:
  struct Node {
    std::optional<NodeProcess> process;
    TimeUs started_us = 0;
    std::uint32_t starts_before = 0;
    bool is_stop_requested = false;
  };

  Fleet(const Options& options, WitnessMemory& witness) : options_(&options), witness_(&witness) {}
  void note_end(const ProcessEnd& end);

  const Options* options_;
  WitnessMemory* witness_;
  std::unique_ptr<Clock> clock_ = std::make_unique<SystemClock>();
  std::unique_ptr<PartitionProxy> proxy_;  ///< nullptr with a single node
  std::vector<NodeFiles> files_;
  std::vector<Node> nodes_;
  std::uint64_t rss_peak_bytes_ = 0;  ///< maximum of a single process
  double cpu_s_ = 0;
};

}  // namespace millrace::simulate
