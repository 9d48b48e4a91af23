// Pipeline benchmark over two nodes: each hop crosses to the other node through TLS and is durable
// there before the next.
//
//   source: producer ─▶ sink: bench.placed, paid ─▶ source: paid queue, shipped ─▶ sink: done
#pragma once

#include <cstdint>
#include <filesystem>

#include "apps/bench/parcel_pipeline.hpp"
#include "messages/result.hpp"

namespace millrace::bench {

struct ClusterBenchOptions {
  std::filesystem::path folder;  ///< of the files of both nodes; exists and is empty
  Production production{};
  std::uint32_t shards = 2;
  std::uint32_t window = 4'096;
  std::uint32_t pause_s = 0;  ///< pause of the sink's node half-way; 0: none
};

struct ClusterBenchFigures : SinkFigures {
  double messages_per_s = 0;
  double cpu_s = 0;  ///< of both
  std::uint64_t rss_peak_source_bytes = 0;
  std::uint64_t rss_peak_sink_bytes = 0;
};

/// Runs both nodes as processes and blocks until the last message arrives. Fails with `timeout` if
/// no more messages arrive, or with the error of a node.
[[nodiscard]] Result<ClusterBenchFigures> run_cluster_bench(const ClusterBenchOptions& options);

/// Runs one node from the config file written by run_cluster_bench(), until SIGTERM. Writes the
/// results of the sink to a file next to the config file. REQUIRES: SIGTERM is blocked in all
/// threads.
[[nodiscard]] Result<void> run_bench_node(const std::filesystem::path& config, bool is_source,
                                          const ClusterBenchOptions& options);

}  // namespace millrace::bench
