// Queue benchmark: fills a backlog larger than the body cache, restarts the node, drains the
// backlog.
#pragma once

#include <cstdint>
#include <filesystem>

#include "messages/result.hpp"

namespace millrace::bench {

struct QueueBenchOptions {
  std::filesystem::path data_dir;
  std::uint64_t messages = 1'000'000;
  std::uint32_t payload_bytes = 200;
  std::uint32_t shards = 2;
  std::uint32_t window = 8'192;  ///< unconfirmed messages of the producer
  bool keyed = false;            ///< each message has a unique key
};

struct QueueBenchFigures {
  double fill_per_s = 0;
  double limit_per_s = 0;  ///< by raw writes of 256 messages, each synced
  double ratio = 0;        ///< fill_per_s / limit_per_s
  double restart_s = 0;    ///< from opening the directory until the node serves
  double drain_per_s = 0;
  std::uint64_t received = 0;
  std::uint64_t out_of_order = 0;  ///< received after a later one of its shard, or duplicate
  std::uint64_t rss_filled_bytes = 0;
  std::uint64_t rss_restarted_bytes = 0;
  std::uint64_t rss_peak_bytes = 0;
  double cpu_s = 0;
  std::uint64_t written_bytes = 0;
};

/// Runs the benchmark. Blocks. REQUIRES: `data_dir` does not exist, its parent does. Fails as
/// Runtime does.
[[nodiscard]] Result<QueueBenchFigures> run_queue_bench(const QueueBenchOptions& options);

}  // namespace millrace::bench
