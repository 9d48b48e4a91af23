// The file `running` of a data directory: memory shared with the file, so that it outlives the
// process without a system call for each change. See receivers::RunningTable.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>

#include "actors/assembly/node_plan.hpp"
#include "actors/receiver/running_table.hpp"
#include "actors/store/store.hpp"
#include "messages/result.hpp"

namespace millrace {

/// Words that stay in memory as long as `owner`.
struct SharedWords {
  std::span<std::uint64_t> words;
  std::shared_ptr<void> owner;
};

/// Opens the file at `path`, makes it hold at least `words`, and maps it; what it held is still there.
/// A new file can be read by its owner and group and written by its owner, whatever the umask; a
/// symbolic link, and anything else but a regular file, is refused. Its room on the disk is
/// allocated, so that a full disk does not end the process later. Blocks. Fails with `storage_full`
/// or `storage_failed`.
[[nodiscard]] Result<SharedWords> open_running_file(const std::filesystem::path& path,
                                                    std::size_t words);

/// Reads what the former process of the node was handling when it ended, notes that in `plan` and
/// `store` (see add_suspects()), and begins to note it for this process. Without a data directory, or
/// where the file cannot be used, which is logged, nothing outlives this process.
///
/// The file is emptied before the suspicions are durable: an end in between loses a death, and does
/// not count it twice.
[[nodiscard]] std::shared_ptr<receivers::RunningTable> begin_run(
    const std::filesystem::path& data_dir, NodePlan& plan, Store& store);

}  // namespace millrace
