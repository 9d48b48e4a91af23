// Directories of the state store on disk, for RocksTable and CopyFiles:
//
//   state/live-<random>          the items that are worked on; nothing in it survives the process
//   state/<number>               a copy: hard links to immutable files, and small files of its own
//   state/<number>.tmp           a copy that is not complete
//
// <number> has 20 digits. Where the log lies in PostgreSQL, a process that was paused may wake up while
// another one works on the same directory; it then finds its own `live` gone, and not that of the other.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <system_error>

#include "messages/result.hpp"

namespace millrace::states {

inline constexpr const char* live_prefix = "live";
inline constexpr const char* unfinished_suffix = ".tmp";
/// Extension of files that never change once they are complete, nor change their name.
inline constexpr const char* table_extension = ".sst";

[[nodiscard]] std::string copy_name(std::uint64_t number);
/// Nullopt: no name of a complete copy.
[[nodiscard]] std::optional<std::uint64_t> parse_copy_name(const std::string& name);

/// `storage_full` or `storage_failed`, with the path.
[[nodiscard]] Error file_failure(const std::filesystem::path& path, const std::error_code& code);
/// Makes the contents of a file, or the names in a directory, durable.
[[nodiscard]] Result<void> sync_path(const std::filesystem::path& path);
/// Without effect if it is not there.
[[nodiscard]] Result<void> remove_tree(const std::filesystem::path& path);
/// Links the tables in `from` into `to`, a new directory, and copies the other files.
[[nodiscard]] Result<void> link_tree(const std::filesystem::path& from,
                                     const std::filesystem::path& to);
/// Removes what other processes have left in the directory: live tables, and copies that are not complete.
[[nodiscard]] Result<void> remove_leftovers(const std::filesystem::path& directory);
/// Bytes that the files below `path` take, a file with several names once.
[[nodiscard]] std::uint64_t disk_bytes(const std::filesystem::path& path);

}  // namespace millrace::states
