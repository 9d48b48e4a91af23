// The pipeline benchmark: a producer, three queues, two forwarding stages and a sink; every hop is
// durable before the next.
#pragma once

#include <cstdint>
#include <filesystem>

#include "apps/bench/parcel_pipeline.hpp"
#include "messages/result.hpp"

namespace millrace::bench {

struct PipelineBenchOptions {
  std::filesystem::path data_dir;
  std::uint64_t messages = 2'000'000;
  std::uint32_t payload_bytes = 200;
  std::uint32_t shards = 2;
  std::uint32_t window = 4'096;  ///< unconfirmed messages of the producer
  double rate_per_s = 0;         ///< 0: as fast as it goes
  bool keyed = false;            ///< every message has a key of its own
};

struct PipelineBenchFigures : SinkFigures {
  double messages_per_s = 0;
  /// Of raw writes of 256 messages, each synced before the next, three for each message: one a hop.
  double limit_per_s = 0;
  double ratio = 0;  ///< messages_per_s / limit_per_s
  double cpu_s = 0;
  std::uint64_t rss_peak_bytes = 0;
  std::uint64_t written_bytes = 0;
};

/// Runs it in `data_dir`, which must not exist yet; its parent does. Fails as the runtime does.
[[nodiscard]] Result<PipelineBenchFigures> run_pipeline_bench(const PipelineBenchOptions& options);

}  // namespace millrace::bench
