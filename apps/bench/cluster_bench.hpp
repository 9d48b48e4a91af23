// The pipeline benchmark over two nodes: every hop crosses to the other one through TLS, and is
// durable there before the next.
//
//   source: producer ─▶ sink: bench.placed, paid ─▶ source: paid queue, shipped ─▶ sink: done
#pragma once

#include <cstdint>
#include <filesystem>

#include "apps/bench/parcel_pipeline.hpp"
#include "messages/result.hpp"

namespace millrace::bench {

struct ClusterBenchOptions {
  std::filesystem::path folder;  ///< of all files of both nodes; exists, and is empty
  Production production{};
  std::uint32_t shards = 2;
  std::uint32_t window = 4'096;
  std::uint32_t pause_s = 0;  ///< how long the sink's node is stopped, half-way; 0: not at all
};

struct ClusterBenchFigures : SinkFigures {
  double messages_per_s = 0;
  double cpu_s = 0;  ///< of both
  std::uint64_t rss_peak_source_bytes = 0;
  std::uint64_t rss_peak_sink_bytes = 0;
};

/// Runs both nodes as processes and waits for the last message. Fails with `timeout` when nothing
/// comes any more, and as nodes do.
[[nodiscard]] Result<ClusterBenchFigures> run_cluster_bench(const ClusterBenchOptions& options);

/// The process of one node, from the config file that run_cluster_bench wrote; until SIGTERM, which
/// is blocked in all threads. The sink's figures go to a file beside it.
[[nodiscard]] Result<void> run_bench_node(const std::filesystem::path& config, bool is_source,
                                          const ClusterBenchOptions& options);

}  // namespace millrace::bench
