// Journal benchmark: durable appends, compared with raw writes of the same bytes in the same run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>

#include "messages/result.hpp"

namespace millrace::bench {

struct JournalBenchOptions {
  std::filesystem::path dir;  ///< created if missing; must be empty; files are kept
  std::size_t payload_bytes = 200;
  std::size_t batch = 64;          ///< records appended together, and confirmed together
  std::size_t outstanding = 0;     ///< batches appended and not confirmed; 0: groups_max
  std::uint64_t messages_max = 0;  ///< limit; 0: none
  double seconds = 2.0;            ///< of appending, and the same of raw writes
};

/// Latencies are per batch, from append to confirmation.
struct JournalBenchFigures {
  std::uint64_t messages = 0;
  double messages_per_s = 0;
  double raw_messages_per_s = 0;  ///< by O_DIRECT pwrite + fdatasync, one batch outstanding
  double ratio = 0;               ///< messages_per_s / raw_messages_per_s
  double p50_us = 0;
  double p99_us = 0;
  double p999_us = 0;
  double raw_p50_us = 0;
  double raw_p99_us = 0;
  double cpu_s = 0;  ///< of the process, while appending
  std::uint64_t rss_peak_bytes = 0;
  std::uint64_t written_bytes = 0;
  std::uint64_t syncs = 0;
};

/// Appends batches to a new journal and writes the same bytes, padded to 4 KiB, over a zero-filled
/// file; the two alternate in ten slices. Blocks. Fails as opening a journal does.
Result<JournalBenchFigures> run_journal_bench(const JournalBenchOptions& options);

}  // namespace millrace::bench
