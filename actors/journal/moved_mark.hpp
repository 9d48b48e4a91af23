// The file `moved` in a data directory: its log has moved to another place, see actors/log/copy.hpp.
// Text, one line: where the log is now. An operator who wants the directory back removes the file.
#pragma once

#include <optional>
#include <string>

#include "actors/journal/disk/data_directory.hpp"
#include "messages/result.hpp"

namespace millrace::journal {

/// Where the log has moved to; empty: it is here. Fails with `storage_failed`. Blocks.
[[nodiscard]] Result<std::optional<std::string>> moved_to(FileSystem& files,
                                                          const FileSystem::Path& directory);

/// Writes the mark. Durable on return. Fails with `storage_full`, `storage_failed`. Blocks.
/// REQUIRES: `directory` has the writer's lock; `target` has no line break.
[[nodiscard]] Result<void> mark_moved(const DataDirectory& directory, const std::string& target);

/// Why a directory with the mark is refused, code `outdated`.
[[nodiscard]] Error moved_error(const FileSystem::Path& directory, const std::string& target);

}  // namespace millrace::journal
