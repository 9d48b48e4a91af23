// The manifest of a backup: what it holds and whose it is. The file `manifest`, text, is written
// last: a directory without it is no complete backup.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "actors/journal/format/frame.hpp"
#include "actors/log/backup.hpp"
#include "messages/result.hpp"

namespace millrace::journal {

using logs::BackupIdentity;

struct BackupFile {
  std::string name;  ///< within the directory, such as "segments/0000000003.seg"
  std::uint64_t bytes = 0;
  std::uint32_t crc32c = 0;

  friend bool operator==(const BackupFile&, const BackupFile&) = default;
};

struct Manifest {
  BackupIdentity identity{};
  std::int64_t at_us = 0;  ///< wall time of the backup
  Lsn last_lsn = 0;        ///< the backup has the records up to this
  std::vector<BackupFile> files{};

  /// Sum of the lengths of the files.
  [[nodiscard]] std::uint64_t bytes() const;

  [[nodiscard]] logs::BackupInfo info() const { return {last_lsn, files.size(), bytes()}; }
};

inline constexpr std::string_view manifest_name = "manifest";

/// The manifest as text: a line for each value, the last one with the checksum of those before.
[[nodiscard]] std::string encode_manifest(const Manifest& manifest);

/// Fails with `corrupt` or `unsupported_version`.
[[nodiscard]] Result<Manifest> decode_manifest(std::string_view text);

}  // namespace millrace::journal
