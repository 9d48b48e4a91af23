// Schema: the tables of a cluster, made and migrated by the program.
#pragma once

#include <cstdint>
#include <string>

#include "actors/postgres_log/session/session.hpp"
#include "messages/result.hpp"

namespace millrace::postgres_log {

/// The newest version of the tables that this program makes and reads.
inline constexpr std::int64_t schema_version = 1;

/// Key of the advisory locks of a cluster, the first of two numbers; the second one is that of a seat, 0
/// for the schema itself. Locks are those of one database.
[[nodiscard]] std::int32_t lock_class(const std::string& schema);

/// Makes the schema if it does not exist, and brings its tables to schema_version. Processes that do so
/// at the same time wait for each other. Fails with `unsupported_version` (a newer program has made it),
/// `foreign_file` (the schema exists and has other tables), `invalid_argument` (the user may not make it),
/// and as Session.
[[nodiscard]] Result<void> make_schema(Session& session, const std::string& schema);

/// Whether the schema is there. Fails as make_schema().
[[nodiscard]] Result<bool> has_schema(Session& session, const std::string& schema);

}  // namespace millrace::postgres_log
