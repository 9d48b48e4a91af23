// Schema: the tables of a cluster, made and migrated by the program.
#pragma once

#include <cstdint>
#include <string>

#include "actors/postgres_log/session/session.hpp"
#include "messages/result.hpp"

namespace millrace::postgres_log {

/// The newest version of the tables that this program makes and reads.
inline constexpr std::int64_t schema_version = 2;

/// Key of the advisory locks of a cluster, the first of two numbers; the second one is that of a seat, 0
/// for the schema itself. Locks are those of one database.
[[nodiscard]] std::int32_t lock_class(const std::string& schema);

/// What a schema says of itself.
struct SchemaFacts {
  std::int64_t version = 0;  ///< of its tables; 0: there are none
  std::string id{};  ///< no other schema has it, but for a copy of this one; empty before version 2
};

/// Makes the schema of `cluster` if it does not exist, and brings its tables to schema_version. Processes
/// that do so at the same time wait for each other. Fails with `unsupported_version` (a newer program has
/// made it), `foreign_file` (the schema has other tables, or is of another cluster), `invalid_argument` (the
/// user may not make it), and as Session.
[[nodiscard]] Result<SchemaFacts> make_schema(Session& session, const std::string& schema,
                                              const std::string& cluster);

/// Looks at the schema, and changes nothing. Fails as make_schema().
[[nodiscard]] Result<SchemaFacts> look_at_schema(Session& session, const std::string& schema,
                                                 const std::string& cluster);

}  // namespace millrace::postgres_log
