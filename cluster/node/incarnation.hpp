// The incarnation of a node: a number that grows with each start, also if the clock was set back.
#pragma once

#include <cstdint>
#include <filesystem>

#include "actors/base/time.hpp"
#include "actors/files/file_system.hpp"
#include "messages/result.hpp"

namespace millrace::cluster {

/// Returns an incarnation higher than all earlier ones in `data_dir`, and not below `now_us`;
/// it is durable on return. Creates `data_dir` if missing. Needs no room on the disk if there was an
/// earlier one. Fails with `corrupt`, `storage_failed`, or `storage_full` (first start only). Blocks
/// on the disk.
[[nodiscard]] Result<std::uint64_t> next_incarnation(
    const std::filesystem::path& data_dir, TimeUs now_us,
    files::FileSystem& files = files::posix_file_system());

}  // namespace millrace::cluster
