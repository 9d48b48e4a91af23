#include "actors/postgres_log/server_run.hpp"

namespace millrace::postgres_log {

Result<bool> may_read_system(Session& session) {
  const Result<Rows> rows =
      session.execute("select has_function_privilege('pg_control_system()', 'execute')");
  if (!rows) return rows.error();
  return (*rows)[0].number(0) != 0;
}

// The start as a number: as a text it depends on settings of the session.
std::string server_run_expression(const std::string& schema, bool reads_system) {
  const std::string system =
      reads_system ? "(select system_identifier::text from pg_control_system())" : "'-'";
  return system +
         " || ' ' || (extract(epoch from pg_postmaster_start_time()) * 1000000)::int8::text"
         " || ' ' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8)"
         " || ' ' || coalesce(to_regclass('" +
         schema + ".node')::oid::text, '-')";
}

Result<std::string> read_server_run(Session& session, const std::string& schema) {
  const auto reads_system = may_read_system(session);
  if (!reads_system) return reads_system.error();
  const Result<Rows> rows =
      session.execute("select " + server_run_expression(schema, *reads_system));
  if (!rows) return rows.error();
  return (*rows)[0].text(0);
}

}  // namespace millrace::postgres_log
