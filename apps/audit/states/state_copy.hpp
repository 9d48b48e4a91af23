// The keyed states of a checkpoint that names a copy of the state store, read from RocksDB.
// docs/formats/journal.md describes the items.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "apps/audit/log/node_log.hpp"
#include "messages/result.hpp"

namespace millrace::audit {

/// Name of the directory of the copy for the checkpoint of record `number`.
[[nodiscard]] std::string state_copy_name(std::uint64_t number);

/// Visits the values and histories of the copy in `directory`, in order of queue, key and record. Returns
/// what is wrong with the copy; empty: nothing. Blocks.
[[nodiscard]] std::string read_state_copy(const std::filesystem::path& directory, std::uint64_t id,
                                          const StateVisitor& visit);

}  // namespace millrace::audit
