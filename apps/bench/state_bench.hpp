// State benchmark: a stage that keeps a value and a history for each of many keys, so that they do
// not fit into memory; and what a checkpoint, a restart and the disk cost then.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <vector>

#include "actors/upkeep/upkeep_stats.hpp"
#include "messages/result.hpp"

namespace millrace::bench {

struct StateBenchOptions {
  std::filesystem::path data_dir;
  std::uint64_t keys = 1'000'000;
  std::uint32_t messages_per_key = 3;  ///< one after the other, while other keys have theirs
  std::uint32_t payload_bytes = 200;   ///< of a message, of the value and of a history entry
  std::uint32_t shards = 2;
  std::uint32_t window = 4'096;                  ///< unconfirmed messages of the producer
  std::uint64_t state_cache_bytes = 256u << 20;  ///< 0: all keys are in memory
  std::chrono::microseconds keep_state{0};       ///< 0: for ever
};

/// When a tenth of the messages was handled.
struct StateBenchTenth {
  double seconds = 0;      ///< since the first message was sent
  double cpu_seconds = 0;  ///< of the process, since its start
  std::uint64_t rss_bytes = 0;
  std::uint64_t state_disk_bytes = 0;
  std::uint64_t log_disk_bytes = 0;
};

struct StateBenchFigures {
  std::vector<StateBenchTenth> tenths{};

  double first_per_s = 0;  ///< messages handled, in the first tenth of the run
  double last_per_s = 0;   ///< in the last tenth
  double ratio = 0;        ///< last_per_s / first_per_s
  double cpu_ratio = 0;    ///< CPU time of a message: in the second tenth, over that in the last
  double seconds = 0;      ///< of the run
  CheckpointStats checkpoints{};  ///< during the run
  StateStats states{};            ///< at its end
  double stop_s = 0;              ///< with the last checkpoint
  double restart_s = 0;
  std::uint64_t rss_peak_bytes = 0;
  std::uint64_t state_disk_bytes = 0;  ///< of state/, a file that several names share once
  std::uint64_t log_disk_bytes = 0;
  std::uint64_t checkpoint_bytes = 0;  ///< the newest file
  std::uint64_t wrong = 0;             ///< messages that saw another state than the one before left
  std::uint64_t missing =
      0;  ///< of 1,000 keys after the restart; with `keep_state`: that are there
};

/// Runs the benchmark. Blocks. REQUIRES: `data_dir` does not exist, its parent does. Fails as
/// Runtime does.
[[nodiscard]] Result<StateBenchFigures> run_state_bench(const StateBenchOptions& options);

}  // namespace millrace::bench
