// RocksTable: a Table in RocksDB. The only place that names RocksDB in the runtime.
// A writer works on a directory that it links from a copy when it opens. A reader opens a copy as it
// is, and changes nothing. See directories.hpp.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>

#include "actors/log/opener.hpp"
#include "actors/state_store/state_store.hpp"
#include "actors/state_store/table.hpp"

namespace millrace::states {

/// Name of the directory of the state store within a data directory.
inline constexpr const char* directory_name = "state";

struct RocksOptions {
  std::uint64_t block_cache_bytes = 32u << 20;
  std::uint64_t write_buffer_bytes = 32u << 20;  ///< up to three of them are in memory
};

/// A table in `directory`, which a writer makes. REQUIRES: no other process writes there; the lock of
/// the data directory sees to that.
[[nodiscard]] std::unique_ptr<Table> make_rocks_table(std::filesystem::path directory,
                                                      logs::Opener opener,
                                                      RocksOptions options = {});

/// The state store of the node whose data directory is `data_dir`, to read while it is stopped. Not
/// opened yet; changes nothing.
[[nodiscard]] std::unique_ptr<StateStore> stored_states(const std::filesystem::path& data_dir);

}  // namespace millrace::states
