// Log benchmark: durable appends through the interface of logs, so that engines are compared.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "actors/log/engine.hpp"
#include "messages/result.hpp"

namespace millrace::bench {

struct LogBenchOptions {
  std::size_t payload_bytes = 200;
  std::size_t window = 10'000;  ///< records appended and not confirmed
  double seconds = 3.0;         ///< of appending
};

/// Latencies are per record, from append to confirmation.
struct LogBenchFigures {
  std::uint64_t records = 0;
  double records_per_s = 0;
  double groups_per_s = 0;
  double bytes_per_s = 0;  ///< written, with headers
  double p50_us = 0;
  double p99_us = 0;
  double cpu_s = 0;  ///< of this process, while appending
};

/// Keeps a window of records in flight. Ends with an empty checkpoint that releases the log. Blocks.
/// Fails as opening the log does, or as the log.
[[nodiscard]] Result<LogBenchFigures> run_log_bench(logs::Engine& engine,
                                                    const LogBenchOptions& options);

/// The journal in `dir`, with groups of up to `group_bytes`.
[[nodiscard]] std::shared_ptr<logs::Engine> journal_for_bench(const std::filesystem::path& dir,
                                                              std::size_t group_bytes);

}  // namespace millrace::bench
