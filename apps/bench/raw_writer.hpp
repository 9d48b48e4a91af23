// The limit that benchmarks compare with: plain O_DIRECT writes, each synced before the next.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

#include "actors/journal/disk/aligned_buffer.hpp"
#include "actors/journal/disk/file_system.hpp"
#include "messages/result.hpp"

namespace millrace::bench {

/// Writes the same bytes again and again over a file of zeros.
class RawWriter {
 public:
  using Clock = std::chrono::steady_clock;

  /// Makes the file. `bytes` of a write are padded to whole blocks. Fails as the file system does.
  [[nodiscard]] static Result<RawWriter> open(const std::filesystem::path& path, std::size_t bytes);

  /// Goes on until `until`. Blocks.
  Result<void> run(Clock::time_point until);

  [[nodiscard]] double writes_per_s() const {
    return static_cast<double>(latencies_us_.size()) / seconds_;
  }
  [[nodiscard]] std::vector<double>& latencies_us() { return latencies_us_; }

 private:
  RawWriter(std::unique_ptr<journal::File> file, std::size_t bytes);

  std::unique_ptr<journal::File> file_;
  std::size_t bytes_;
  journal::AlignedBuffer buffer_;
  std::uint64_t offset_ = 0;
  double seconds_ = 0;
  std::vector<double> latencies_us_;
};

/// Writes for a second in `dir`, where the file is removed again, and returns how many `bytes`
/// large writes a second were durable one after the other.
[[nodiscard]] Result<double> measure_raw_writes(const std::filesystem::path& dir,
                                                std::size_t bytes);

}  // namespace millrace::bench
