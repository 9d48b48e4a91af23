// RawWriter: the reference for benchmarks: plain O_DIRECT writes, each synced before the next.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

#include "actors/files/aligned_buffer.hpp"
#include "actors/files/file_system.hpp"
#include "messages/result.hpp"

namespace millrace::bench {

/// Writes the same bytes repeatedly over a zero-filled file. Not thread-safe.
class RawWriter {
 public:
  using Clock = std::chrono::steady_clock;

  /// Creates the file. Each write has `bytes` bytes, padded to whole blocks. Fails with
  /// `storage_failed`.
  [[nodiscard]] static Result<RawWriter> open(const std::filesystem::path& path, std::size_t bytes);

  /// Writes until `until`. Blocks.
  Result<void> run(Clock::time_point until);

  [[nodiscard]] double writes_per_s() const {
    return static_cast<double>(latencies_us_.size()) / seconds_;
  }
  [[nodiscard]] std::vector<double>& latencies_us() { return latencies_us_; }

 private:
  RawWriter(std::unique_ptr<files::File> file, std::size_t bytes);

  std::unique_ptr<files::File> file_;
  std::size_t bytes_;
  files::AlignedBuffer buffer_;
  std::uint64_t offset_ = 0;
  double seconds_ = 0;
  std::vector<double> latencies_us_;
};

/// Returns the number of sequential durable writes of `bytes` bytes per second in `dir`. Blocks for
/// one second; removes its file.
[[nodiscard]] Result<double> measure_raw_writes(const std::filesystem::path& dir,
                                                std::size_t bytes);

}  // namespace millrace::bench
