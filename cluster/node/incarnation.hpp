// The incarnation of a node: a number that grows with each of its starts, whatever its clock says.
#pragma once

#include <cstdint>
#include <filesystem>

#include "actors/base/time.hpp"
#include "messages/result.hpp"

namespace millrace::cluster {

/// The incarnation of a start at `now_us`: more than any before it on this data directory, which is
/// made where it does not exist. It is on the disk when this returns. Fails with `corrupt` and
/// `storage_failed`. Blocks.
[[nodiscard]] Result<std::uint64_t> next_incarnation(const std::filesystem::path& data_dir,
                                                     TimeUs now_us);

}  // namespace millrace::cluster
