// Statements of the transaction that writes a group.
#pragma once

#include <string>

#include "actors/log/frame.hpp"
#include "actors/postgres_log/core/names.hpp"

namespace millrace::postgres_log {

/// The fence needs a snapshot for each statement: the epoch is read after the lock was waited for.
inline constexpr const char* begin_statement = "begin isolation level read committed";

/// Parameters: class of the lock, number of the seat. The setting is repeated in each transaction, so
/// that a pooler that hands sessions on does no harm.
inline constexpr const char* lock_statement =
    "select pg_advisory_xact_lock_shared($1::int4, $2::int4), set_config('synchronous_commit',"
    " case current_setting('synchronous_commit') when 'remote_apply' then 'remote_apply' else 'on'"
    " end, true), set_config('client_min_messages', 'warning', true)";

/// Fails with division_by_zero if the epoch is another one. Parameters: name of the seat, epoch.
[[nodiscard]] inline std::string fence_statement(const std::string& schema) {
  return "select 1 / count(*) from " + schema + ".node where name = $1 and epoch = $2::int8";
}

/// Parameters: lsn, count, frames.
[[nodiscard]] inline std::string insert_statement(const std::string& table) {
  return "insert into " + table + " values ($1::int8, $2::int4, $3::bytea)";
}

inline constexpr const char* commit_statement = "commit";

/// Behind the commit, in the same session: fails with division_by_zero if the server does not promise any
/// more what it did when the session began. An administrator who takes the standby out of
/// synchronous_standby_names lets the commits go that wait for it, and they look like others. A session
/// sees the change before such a commit answers, as the server tells its sessions first (process_pm_reload_request
/// in PostgreSQL's postmaster).
inline constexpr const char* promise_statement =
    "select 1 / (current_setting('fsync') = 'on' and current_setting('full_page_writes') = 'on'"
    " and btrim(current_setting('synchronous_standby_names')) <> '')::int";
inline constexpr const char* unreplicated_promise_statement =
    "select 1 / (current_setting('fsync') = 'on' and current_setting('full_page_writes') = "
    "'on')::int";

/// A transaction that changes nothing does not wait for the standby; this is a change, in the log of the
/// server alone.
inline constexpr const char* marker_statement =
    "select pg_logical_emit_message(true, 'millrace', '')";

/// Rows are never changed, so there is nothing to vacuum; a vacuum would only hold up the release.
[[nodiscard]] inline std::string make_segment_statement(const std::string& table) {
  return "create table " + table +
         "(lsn bigint primary key, count int not null, frames bytea not null)"
         " with (autovacuum_enabled = false, toast.autovacuum_enabled = false)";
}

/// PostgreSQL must not try to compress what the column holds.
[[nodiscard]] inline std::string store_plainly_statement(const std::string& table,
                                                         const std::string& column) {
  return "alter table " + table + " alter column " + column + " set storage external";
}

}  // namespace millrace::postgres_log
