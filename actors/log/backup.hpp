// Backups as a running node writes them: whose they are, and what was written.
#pragma once

#include <cstdint>
#include <string>

#include "actors/log/frame.hpp"

namespace millrace::logs {

/// Whose data it is.
struct BackupIdentity {
  std::string node{};
  std::string cluster{};
  std::uint64_t incarnation = 0;  ///< 0: unknown, of a stopped node
  std::uint64_t generation = 0;   ///< of the node; 0: unknown
};

/// A backup that was written.
struct BackupInfo {
  Lsn last_lsn = 0;         ///< the backup has the records up to this
  std::uint64_t files = 0;  ///< number of files
  std::uint64_t bytes = 0;  ///< sum of their lengths
};

}  // namespace millrace::logs
