// The log of a node in PostgreSQL: docs/formats/postgres.md describes the tables.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "apps/audit/log/node_log.hpp"
#include "messages/result.hpp"

namespace millrace::audit {

/// Where a log lies.
struct DatabaseName {
  std::string dsn;     ///< connection string of libpq; may hold a password, which nothing prints
  std::string schema;  ///< of the cluster
  std::string node;    ///< name of the seat
  /// Whether the process that calls itself so has ended for sure: then its lease is not waited for. Null:
  /// nobody knows.
  std::function<bool(const std::string& holder)> has_ended{};
};

/// Opens the log of a node, and keeps its seat from being taken. Fails with `invalid_argument` (the
/// connection string cannot be read, or the name of the schema is none), `not_found` (there is no such log),
/// `storage_locked` (a process holds the seat: its lease goes on), `unsupported_version`,
/// `log_unreachable`. Blocks. No transaction reads more than one table at a time, so a log may have any
/// number of segments.
[[nodiscard]] Result<std::unique_ptr<NodeLog>> open_database(const DatabaseName& name);

}  // namespace millrace::audit
