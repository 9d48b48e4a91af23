// ChunkSpool: the chunks of a shard on its way out, in a file without a name: it takes no memory,
// and is gone with the process.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "messages/result.hpp"

namespace millrace::moves {

/// For one thread at a time.
class ChunkSpool {
 public:
  /// In `directory`. Fails with `storage_full` or `storage_failed`.
  [[nodiscard]] static Result<std::unique_ptr<ChunkSpool>> make(
      const std::filesystem::path& directory);
  ~ChunkSpool();
  ChunkSpool(const ChunkSpool&) = delete;
  ChunkSpool& operator=(const ChunkSpool&) = delete;

  /// Adds a chunk behind the others. Fails as make() does.
  [[nodiscard]] Result<void> add(const std::string& chunk);

  [[nodiscard]] std::uint64_t size() const { return ends_.size(); }

  /// The chunk `index`, which is below size(). Fails with `storage_failed`.
  [[nodiscard]] Result<std::string> read(std::uint64_t index) const;

 private:
  ChunkSpool(int fd, std::filesystem::path directory) : fd_(fd), directory_(std::move(directory)) {}

  [[nodiscard]] Error failed(const char* what) const;

  int fd_;
  std::filesystem::path directory_;
  std::vector<std::uint64_t> ends_;  ///< by chunk: offset behind it
};

}  // namespace millrace::moves
