// FileStore: files that checkpoints name, kept by the engine of a log that does not lie on this machine.
//
//   put() ──▶ the checkpoint that names the number is written ──▶ keep() drops what it does not name
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <string_view>
#include <vector>

#include "messages/result.hpp"

namespace millrace::logs {

/// Number of a stored file. Never used for another file of the log.
using FileNumber = std::uint64_t;

/// Bytes that a FileStore takes or gives at once, but for the last piece of a file.
inline constexpr std::size_t file_piece_bytes = 1U << 20;

/// Any thread may call any function. Each blocks. All fail with `fenced` (another process has taken the
/// log), `log_unreachable`, `storage_full`, `storage_failed`, `draining` (the log stops).
class FileStore {
 public:
  FileStore() = default;
  virtual ~FileStore() = default;
  FileStore(const FileStore&) = delete;
  FileStore& operator=(const FileStore&) = delete;

  /// Numbers of all files, those included that were not put to their end.
  [[nodiscard]] virtual Result<std::set<FileNumber>> list() = 0;

  /// The next piece of a file; empty: it has ended. Valid until the next call.
  using Source = std::function<Result<std::string_view>()>;
  /// Stores a file. It is durable, as records are, when this returns. Fails with the error of `next`
  /// also; a part may be left then, which keep() drops.
  [[nodiscard]] virtual Result<FileNumber> put(const Source& next) = 0;

  /// Receives a piece; valid during the call.
  using Target = std::function<Result<void>(std::string_view piece)>;
  /// Reads a file that was put, in order. Waits while the log cannot be reached. Fails with `not_found` or
  /// the error of `take` also.
  [[nodiscard]] virtual Result<void> get(FileNumber number, const Target& take) = 0;

  /// Drops all files but `numbers`, which the newest checkpoint names. What somebody reads is dropped
  /// by a later call.
  [[nodiscard]] virtual Result<void> keep(const std::set<FileNumber>& numbers) = 0;
};

}  // namespace millrace::logs
