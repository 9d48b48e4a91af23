// The file in which a process remembers the seat that it has held: the database may be dropped, or restored from an
// old backup, and would look like a new one.
//
//   seat = highest epoch, " ", number of the seat, " ", id of the schema, "\n"
//
// A process without a disk of its own remembers nothing.
#pragma once

#include <filesystem>

#include "actors/engines/seats.hpp"
#include "actors/files/file_system.hpp"
#include "messages/result.hpp"

namespace millrace::cluster {

/// What the directory of a seat remembers of it; epoch 0: nothing. Fails with `corrupt`, `storage_failed`.
/// Blocks.
[[nodiscard]] Result<postgres_log::SeatMemory> remembered_seat(
    const std::filesystem::path& directory, files::FileSystem& files = files::posix_file_system());

/// Remembers the seat from now on, durably; makes the directory if missing. Fails with `storage_full`,
/// `storage_failed`. Blocks.
[[nodiscard]] Result<void> remember_seat(const std::filesystem::path& directory,
                                         const postgres_log::SeatMemory& memory,
                                         files::FileSystem& files = files::posix_file_system());

}  // namespace millrace::cluster
