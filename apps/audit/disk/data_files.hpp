// DataFiles: the files of one data directory, opened for reading. docs/formats/journal.md describes
// them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "apps/audit/log/node_log.hpp"
#include "messages/result.hpp"

namespace millrace::audit {

inline constexpr std::uint64_t block_bytes = 4096;

/// A file that is open for reading. Movable; closed when destroyed.
class ReadFile {
 public:
  /// Opens a regular file. Fails with `not_found`, `storage_failed`.
  static Result<ReadFile> open(const std::filesystem::path& path);
  ReadFile(ReadFile&& other) noexcept;
  ReadFile& operator=(ReadFile&& other) noexcept;
  ~ReadFile();

  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  [[nodiscard]] int descriptor() const { return descriptor_; }

  /// The bytes from `offset` on: `count`, or fewer at the end of the file. Fails with
  /// `storage_failed`.
  [[nodiscard]] Result<std::string> read(std::uint64_t offset, std::uint64_t count) const;

 private:
  ReadFile(int descriptor, std::uint64_t bytes, std::filesystem::path path);

  int descriptor_;
  std::uint64_t bytes_;
  std::filesystem::path path_;
};

/// What the file `format` states about the end of the log: records up to `durable` were durable
/// when segment `segment` was the newest.
struct DurablePoint {
  std::uint64_t count = 0;  ///< of the writes of the point
  std::uint32_t segment = 0;
  std::uint64_t first_lsn = 0;  ///< of the segment
  std::uint64_t durable = 0;
};

/// Movable. Holds the shared lock of the directory, so that no node starts on it meanwhile.
struct DataFiles {
  /// Lists the directory at `path` and locks it. Fails with `not_found` (no data directory),
  /// `storage_locked` (a node runs on it), `unsupported_version`, `storage_failed`. What is wrong
  /// with the contents is in `problems`.
  static Result<DataFiles> open(const std::filesystem::path& path);

  std::filesystem::path path;
  std::optional<ReadFile> lock;  ///< none: the directory is a copy without the file
  std::map<std::uint32_t, std::filesystem::path> segments;     ///< by number
  std::map<std::uint64_t, std::filesystem::path> checkpoints;  ///< by number
  std::optional<DurablePoint> durable_point;  ///< none: the directory is of an older version

  std::vector<Problem> problems;
};

/// `path` relative to the data directory, for findings.
[[nodiscard]] std::string name_in(const DataFiles& files, const std::filesystem::path& path);

}  // namespace millrace::audit
