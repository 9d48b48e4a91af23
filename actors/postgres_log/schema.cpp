#include "actors/postgres_log/schema.hpp"

#include <iterator>
#include <vector>

#include "actors/journal/format/format.hpp"

namespace millrace::postgres_log {
namespace {

// Version of the tables; 0: there are none. Fails with `foreign_file`, `unsupported_version`.
Result<std::int64_t> read_version(Session& session, const std::string& schema) {
  const Result<Rows> found = session.execute(
      "select (select count(*) from pg_namespace where nspname = $1),"
      " (select count(*) from pg_class c join pg_namespace n on n.oid = relnamespace"
      "  where nspname = $1 and relkind = 'r'),"
      " to_regclass($1 || '.schema_version') is not null",
      {text(schema)});
  if (!found) return found.error();
  const RowView row = (*found)[0];
  if (row.number(0) == 0) return 0;
  if (row.number(2) == 0) {
    if (row.number(1) == 0) return 0;
    return Error{ErrorCode::foreign_file,
                 "the schema " + schema + " has tables that are not of Millrace"};
  }
  const Result<Rows> version =
      session.execute("select version::int8 from " + schema + ".schema_version");
  if (!version) return version.error();
  if (version->size() != 1) {
    return Error{ErrorCode::foreign_file, "the schema " + schema + " has no version"};
  }
  const std::int64_t number = (*version)[0].number(0);
  if (number > schema_version) {
    return Error{ErrorCode::unsupported_version,
                 "the schema " + schema + " has version " + std::to_string(number) +
                     ", made by a newer program; expected at most " +
                     std::to_string(schema_version)};
  }
  return number;
}

Result<void> make_tables(Session& session, const std::string& schema) {
  // Who owns the schema may make tables in it, and need not be allowed to make schemas.
  const Result<Rows> found =
      session.execute("select count(*) from pg_namespace where nspname = $1", {text(schema)});
  if (!found) return found.error();
  std::vector<std::string> statements;
  if ((*found)[0].number(0) == 0) statements.push_back("create schema " + schema);
  const std::string tables[] = {
      "create table " + schema + ".schema_version(version int not null)",
      "insert into " + schema + ".schema_version values (1)",
      // Updated with each renewal of a lease: room for HOT updates.
      "create table " + schema +
          ".node(name text primary key, number int generated always as identity unique,"
          " epoch bigint not null default 0, holder text not null default '',"
          " address text not null default '', http text not null default '',"
          " lease_until timestamptz) with (fillfactor = 50)",
      // Apart from node, whose rows are locked while a lease is renewed. One row a seat.
      "create table " + schema +
          ".checkpoint(node int primary key, number bigint not null, replay_from bigint not null,"
          " parts int not null, entries bigint not null, bytes bigint not null)",
  };
  statements.insert(statements.end(), std::begin(tables), std::end(tables));
  for (const std::string& statement : statements) {
    if (const auto done = session.execute(statement); !done) {
      if (session.state() == "42501") {
        return Error{ErrorCode::invalid_argument,
                     "the user may not make the schema " + schema + ": " + done.error().message};
      }
      return done.error();
    }
  }
  return {};
}

Result<void> make(Session& session, const std::string& schema) {
  if (const auto begun = session.execute("begin isolation level read committed"); !begun) {
    return begun.error();
  }
  if (const auto locked = session.execute("select pg_advisory_xact_lock($1::int4, 0)",
                                          {number(lock_class(schema))});
      !locked) {
    return locked.error();
  }
  const Result<std::int64_t> version = read_version(session, schema);
  if (!version) return version.error();
  if (*version == 0) {
    if (const auto made = make_tables(session, schema); !made) return made;
  }
  return session.commit();
}

}  // namespace

std::int32_t lock_class(const std::string& schema) {
  return static_cast<std::int32_t>(journal::crc32c("millrace." + schema));
}

Result<void> make_schema(Session& session, const std::string& schema) {
  const Result<std::int64_t> version = read_version(session, schema);
  if (!version) return version.error();
  if (*version == schema_version) return {};
  const Result<void> made = make(session, schema);
  if (!made) session.roll_back();
  return made;
}

Result<bool> has_schema(Session& session, const std::string& schema) {
  const Result<std::int64_t> version = read_version(session, schema);
  if (!version) return version.error();
  return *version != 0;
}

}  // namespace millrace::postgres_log
