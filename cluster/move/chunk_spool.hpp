// ChunkSpool: the exported chunks of a shard that moves away, in an unlinked file. The chunks use
// no memory, and the file is deleted when the process ends.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "messages/result.hpp"

namespace millrace::moves {

/// Not thread-safe.
class ChunkSpool {
 public:
  /// Creates the file in `directory`. Fails with `storage_full` or `storage_failed`.
  [[nodiscard]] static Result<std::unique_ptr<ChunkSpool>> make(
      const std::filesystem::path& directory);
  ~ChunkSpool();
  ChunkSpool(const ChunkSpool&) = delete;
  ChunkSpool& operator=(const ChunkSpool&) = delete;

  /// Appends a chunk. Fails with `storage_full` or `storage_failed`.
  [[nodiscard]] Result<void> add(const std::string& chunk);

  [[nodiscard]] std::uint64_t size() const { return ends_.size(); }

  /// Returns the chunk. Requires index < size(). Fails with `storage_failed`.
  [[nodiscard]] Result<std::string> read(std::uint64_t index) const;

 private:
  ChunkSpool(int fd, std::filesystem::path directory) : fd_(fd), directory_(std::move(directory)) {}

  [[nodiscard]] Error failed(const char* what) const;

  int fd_;
  std::filesystem::path directory_;
  std::vector<std::uint64_t> ends_;  ///< by chunk: offset of the byte after the chunk
};

}  // namespace millrace::moves
