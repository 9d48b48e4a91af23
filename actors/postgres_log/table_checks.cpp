#include "actors/postgres_log/table_checks.hpp"

namespace millrace::postgres_log {

Result<void> check_tables(Session& session, const std::string& schema, std::int32_t seat) {
  const std::string own = "'^(schema_version|node|checkpoint|segments|(segment|checkpoint|file)_" +
                          std::to_string(seat) + "_[0-9]+)$'";
  const Result<Rows> rows = session.execute(
      "select * from (select c.relname::text, c.relpersistence <> 'p' as is_unlogged,"
      "  c.relrowsecurity,"
      "  (select min(rulename::text) from pg_rewrite where ev_class = c.oid) as rule,"
      "  (select min(tgname::text) from pg_trigger where tgrelid = c.oid and not tgisinternal)"
      "   as trigger"
      " from pg_class c join pg_namespace n on n.oid = c.relnamespace"
      " where n.nspname = $1 and c.relkind = 'r' and c.relname ~ " +
          own +
          ") t where is_unlogged or relrowsecurity or rule is not null or trigger is not null"
          " order by relname limit 1",
      {text(schema)});
  if (!rows) return rows.error();
  if (rows->size() == 0) return {};
  const RowView row = (*rows)[0];
  const std::string table = "the table " + schema + "." + row.text(0);
  std::string text;
  if (row.number(1) != 0) {
    text = table + " is unlogged: a crash of the server empties it; run: alter table " + schema +
           "." + row.text(0) + " set logged";
  } else if (row.number(2) != 0) {
    text = table + " has row security, which may hide records; disable it";
  } else if (!row.is_null(3)) {
    text = table + " has the rule " + row.text(3) + ", which may change what is written; drop it";
  } else {
    text =
        table + " has the trigger " + row.text(4) + ", which may change what is written; drop it";
  }
  return Error{ErrorCode::invalid_argument, std::move(text)};
}

}  // namespace millrace::postgres_log
