#include "actors/postgres_log/schema.hpp"

#include <iterator>
#include <optional>
#include <vector>

#include "actors/base/crc32c.hpp"
#include "actors/postgres_log/core/sql_state.hpp"

namespace millrace::postgres_log {
namespace {

/// A statement, and its parameter.
struct Step {
  std::string sql;
  std::optional<std::string> parameter{};
};

// The tables of segments that must be there. Apart from node, whose rows are locked while a lease is renewed:
// this is written in transactions that wait for the standby. One row a seat.
Step segments_table(const std::string& schema) {
  return {"create table " + schema +
          ".segments(node int primary key, epoch bigint not null, first bigint not null,"
          " last bigint not null)"};
}

Result<void> run_steps(Session& session, const std::string& schema,
                       const std::vector<Step>& steps) {
  for (const auto& [sql, parameter] : steps) {
    const auto done = parameter ? session.execute(sql, {text(*parameter)}) : session.execute(sql);
    if (done) continue;
    if (session.state() == insufficient_privilege) {
      return Error{ErrorCode::invalid_argument,
                   "the user may not make the schema " + schema + ": " + done.error().message};
    }
    return done.error();
  }
  return {};
}

Result<void> make_tables(Session& session, const std::string& schema, const std::string& cluster) {
  // Who owns the schema may make tables in it, and need not be allowed to make schemas.
  const Result<Rows> found =
      session.execute("select count(*) from pg_namespace where nspname = $1", {text(schema)});
  if (!found) return found.error();
  std::vector<Step> steps;
  if ((*found)[0].number(0) == 0) steps.push_back({"create schema " + schema});
  const Step tables[] = {
      {"create table " + schema +
       ".schema_version(version int not null, cluster text not null,"
       " id uuid not null default gen_random_uuid())"},
      {"insert into " + schema + ".schema_version values (2, $1)", cluster},
      // Updated with each renewal of a lease: room for HOT updates.
      {"create table " + schema +
       ".node(name text primary key, number int generated always as identity unique,"
       " epoch bigint not null default 0, holder text not null default '',"
       " address text not null default '', http text not null default '',"
       " lease_until timestamptz) with (fillfactor = 50)"},
      // Apart from node, whose rows are locked while a lease is renewed. One row a seat.
      {"create table " + schema +
       ".checkpoint(node int primary key, number bigint not null, replay_from bigint not null,"
       " parts int not null, entries bigint not null, bytes bigint not null)"},
      segments_table(schema),
  };
  steps.insert(steps.end(), std::begin(tables), std::end(tables));
  return run_steps(session, schema, steps);
}

// A process of the older program that holds a seat goes on meanwhile: it uses nothing of what is changed.
Result<void> bring_to_version_2(Session& session, const std::string& schema,
                                const std::string& cluster) {
  return run_steps(
      session, schema,
      {{"alter table " + schema +
        ".schema_version add column cluster text not null default '', add column id uuid"
        " not null default gen_random_uuid()"},
       {"alter table " + schema + ".schema_version alter column cluster drop default"},
       {"update " + schema + ".schema_version set version = 2, cluster = $1", cluster},
       segments_table(schema)});
}

Result<void> make(Session& session, const std::string& schema, const std::string& cluster) {
  if (const auto begun = session.execute("begin isolation level read committed"); !begun) {
    return begun.error();
  }
  if (const auto locked = session.execute("select pg_advisory_xact_lock($1::int4, 0)",
                                          {number(lock_class(schema))});
      !locked) {
    return locked.error();
  }
  const Result<SchemaFacts> facts = look_at_schema(session, schema, cluster);
  if (!facts) return facts.error();
  Result<void> made;
  if (facts->version == 0) made = make_tables(session, schema, cluster);
  if (facts->version == 1) made = bring_to_version_2(session, schema, cluster);
  if (!made) return made;
  return session.commit();
}

}  // namespace

std::int32_t lock_class(const std::string& schema) {
  return static_cast<std::int32_t>(crc32c("millrace." + schema));
}

Result<SchemaFacts> look_at_schema(Session& session, const std::string& schema,
                                   const std::string& cluster) {
  // All by the snapshot of the statement: to_regclass() looks at another time, and another process may
  // make the tables in between.
  const Result<Rows> found = session.execute(
      "select count(*) filter (where relkind = 'r'), count(*) filter (where relname ="
      " 'schema_version') from pg_class c join pg_namespace n on n.oid = relnamespace where nspname"
      " = $1",
      {text(schema)});
  if (!found) return found.error();
  const RowView row = (*found)[0];
  if (row.number(1) == 0) {
    if (row.number(0) == 0) return SchemaFacts{};
    return Error{ErrorCode::foreign_file,
                 "the schema " + schema + " has tables that are not of Millrace"};
  }
  // Columns that a version lacks are null this way.
  const Result<Rows> rows =
      session.execute("select version::int8, to_json(own)->>'cluster', to_json(own)->>'id' from " +
                      schema + ".schema_version own");
  if (!rows) return rows.error();
  if (rows->size() != 1) {
    return Error{ErrorCode::foreign_file, "the schema " + schema + " has no version"};
  }
  const RowView own = (*rows)[0];
  const SchemaFacts facts{own.number(0), own.text(2)};
  if (facts.version > schema_version) {
    return Error{ErrorCode::unsupported_version,
                 "the schema " + schema + " has version " + std::to_string(facts.version) +
                     ", made by a newer program; expected at most " +
                     std::to_string(schema_version)};
  }
  if (own.is_null(1) || own.bytes(1) == cluster) return facts;
  return Error{ErrorCode::foreign_file, "the schema " + schema + " is of the cluster \"" +
                                            own.text(1) + "\", expected one of \"" + cluster +
                                            "\": each cluster needs a schema of its own"};
}

Result<SchemaFacts> make_schema(Session& session, const std::string& schema,
                                const std::string& cluster) {
  Result<SchemaFacts> facts = look_at_schema(session, schema, cluster);
  if (!facts || facts->version == schema_version) return facts;
  if (const Result<void> made = make(session, schema, cluster); !made) {
    session.roll_back();
    return made.error();
  }
  return look_at_schema(session, schema, cluster);
}

}  // namespace millrace::postgres_log
