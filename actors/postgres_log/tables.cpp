#include "actors/postgres_log/tables.hpp"

#include "actors/postgres_log/core/names.hpp"
#include "actors/postgres_log/statements.hpp"

namespace millrace::postgres_log {

Result<void> make_parts_table(Session& session, const std::string& table) {
  for (const std::string& sql :
       {"create table " + table +
            "(part int primary key, bytes bytea not null)"
            " with (autovacuum_enabled = false, toast.autovacuum_enabled = false)",
        store_plainly_statement(table, "bytes")}) {
    if (const auto made = session.execute(sql); !made) return made.error();
  }
  return {};
}

Result<std::vector<std::uint64_t>> list_tables(Session& session, const std::string& schema,
                                               const std::string& prefix) {
  const Result<Rows> rows = session.execute(
      "select relname::text from pg_class c join pg_namespace n on n.oid = relnamespace"
      " where nspname = $1 and relkind = 'r' and starts_with(relname::text, $2)",
      {text(schema), text(prefix)});
  if (!rows) return rows.error();
  std::vector<std::uint64_t> numbers;
  for (int i = 0; i < rows->size(); ++i) {
    if (const auto found = number_behind(prefix, (*rows)[i].bytes(0))) numbers.push_back(*found);
  }
  return numbers;
}

}  // namespace millrace::postgres_log
