// The copy of the state store that a checkpoint in a database names: its files are tables, got into a
// temporary directory to be read. docs/formats/postgres.md describes them.
#pragma once

#include <cstdint>
#include <string>

#include "apps/audit/database/database.hpp"
#include "apps/audit/log/node_log.hpp"
#include "messages/result.hpp"
#include "messages/snapshot.pb.h"

namespace millrace::audit {

/// Visits the values and histories of `copy`, in order of queue, key and record. `table_prefix`: of the
/// tables, before the number of the file. Returns what is wrong with the copy; empty: nothing. Fails with
/// `storage_failed`, and as Database. Blocks.
[[nodiscard]] Result<std::string> read_stored_states(Database& database,
                                                     const std::string& table_prefix,
                                                     const pb::StateCopy& copy,
                                                     const StateVisitor& visit);

}  // namespace millrace::audit
