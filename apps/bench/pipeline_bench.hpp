// Pipeline benchmark: a producer, three queues, two forwarding stages and a sink; each hop is
// durable before the next.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>

#include "actors/log/engine.hpp"
#include "apps/bench/parcel_pipeline.hpp"
#include "messages/result.hpp"

namespace millrace::bench {

struct PipelineBenchOptions {
  std::filesystem::path data_dir;
  std::shared_ptr<logs::Engine> engine{};  ///< of the log; null: the journal, in `data_dir`
  std::uint64_t messages = 2'000'000;
  std::uint32_t payload_bytes = 200;
  std::uint32_t shards = 2;
  std::uint32_t window = 4'096;  ///< unconfirmed messages of the producer
  double rate_per_s = 0;         ///< 0: no limit
  bool keyed = false;            ///< each message has a unique key
};

struct PipelineBenchFigures : SinkFigures {
  double messages_per_s = 0;
  /// Limit by raw writes of 256 messages, each synced before the next; three per message, one per
  /// hop.
  double limit_per_s = 0;
  double ratio = 0;  ///< messages_per_s / limit_per_s
  double cpu_s = 0;
  std::uint64_t rss_peak_bytes = 0;
  std::uint64_t written_bytes = 0;
};

/// Runs the benchmark. Blocks. REQUIRES: `data_dir` does not exist, its parent does. Fails as
/// Runtime does.
[[nodiscard]] Result<PipelineBenchFigures> run_pipeline_bench(const PipelineBenchOptions& options);

}  // namespace millrace::bench
