// The queue benchmark: a backlog far beyond memory for bodies: filled, restarted on, drained.
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
  bool keyed = false;            ///< every message has a key of its own
};

struct QueueBenchFigures {
  double fill_per_s = 0;
  double limit_per_s = 0;  ///< of raw writes of 256 messages, each synced before the next
  double ratio = 0;        ///< fill_per_s / limit_per_s
  double restart_s = 0;    ///< from opening the directory until the node serves
  double drain_per_s = 0;
  std::uint64_t received = 0;
  std::uint64_t out_of_order = 0;  ///< behind a later one of the same shard, or repeated
  std::uint64_t rss_filled_bytes = 0;
  std::uint64_t rss_restarted_bytes = 0;
  std::uint64_t rss_peak_bytes = 0;
  double cpu_s = 0;
  std::uint64_t written_bytes = 0;
};

/// Runs it in `data_dir`, which must not exist yet; its parent does. Fails as the runtime does.
[[nodiscard]] Result<QueueBenchFigures> run_queue_bench(const QueueBenchOptions& options);

}  // namespace millrace::bench
