// StateFiles: the keyed states of a checkpoint that names a copy of the state store, read from
// RocksDB. docs/formats/journal.md describes the items.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "apps/audit/disk/data_files.hpp"
#include "apps/audit/log/node_log.hpp"
#include "messages/result.hpp"

namespace millrace::audit {

/// Where copy `number` lies in a data directory.
[[nodiscard]] std::filesystem::path state_copy_path(const DataFiles& files, std::uint64_t number);

/// Visits the values and histories in copy `number`, in order of queue, key and record. Returns what
/// is wrong with the copy; empty: nothing. Fails with `storage_failed`. Blocks.
[[nodiscard]] Result<std::string> read_state_copy(
    const DataFiles& files, std::uint64_t number, std::uint64_t id,
    const std::function<void(const StateItem&, std::string_view bytes)>& visit);

}  // namespace millrace::audit
