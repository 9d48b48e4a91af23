// The incarnation of a node: a number that grows with each start, also if the clock was set back.
#pragma once

#include <cstdint>
#include <filesystem>

#include "actors/base/time.hpp"
#include "messages/result.hpp"

namespace millrace::cluster {

/// Returns an incarnation higher than all earlier ones in `data_dir`, and not below `now_us`;
/// it is durable on return. Creates `data_dir` if missing. Fails with `corrupt` or
/// `storage_failed`. Blocks on the disk.
[[nodiscard]] Result<std::uint64_t> next_incarnation(const std::filesystem::path& data_dir,
                                                     TimeUs now_us);

}  // namespace millrace::cluster
