#include "actors/postgres_log/segment_tables.hpp"

#include <algorithm>
#include <vector>

#include "actors/postgres_log/core/names.hpp"
#include "actors/postgres_log/statements.hpp"

namespace millrace::postgres_log {
namespace {

Result<void> make_table(Session& session, const std::string& table) {
  // Looked for first: to set the storage of a table waits for whoever uses it.
  const auto found = session.execute("select to_regclass($1) is not null", {text(table)});
  if (!found) return found.error();
  if ((*found)[0].number(0) != 0) return {};
  for (const std::string& sql :
       {make_segment_statement(table), store_plainly_statement(table, "frames")}) {
    if (const auto made = session.execute(sql); !made) return made.error();
  }
  return {};
}

// A row that an operator has removed stays away until the next owner.
Result<void> update_kept(Session& session, const Owner& owner, const std::string& assignment,
                         SegmentNumber segment) {
  const auto done = session.execute("update " + owner.schema + ".segments set " + assignment +
                                        " where node = $1::int4 and epoch = $2::int8",
                                    {number(owner.seat), number(owner.epoch), number(segment)});
  if (!done) return done.error();
  return {};
}

}  // namespace

// The row is locked first: its lock is waited for, and makes the commit wait for the standby also where all tables are
// there already, of an attempt whose answer was lost and which may not be replicated.
Result<void> make_segment(Session& session, const Owner& owner, SegmentNumber segment) {
  const Result<Rows> kept =
      session.execute("select last from " + owner.schema +
                          ".segments where node = $1::int4 and epoch = $2::int8 for update",
                      {number(owner.seat), number(owner.epoch)});
  if (!kept) return kept.error();
  SegmentNumber next = segment;
  if (kept->size() == 1) {
    next = std::min(next, static_cast<SegmentNumber>((*kept)[0].number(0)) + 1);
  }
  for (; next <= segment; ++next) {
    if (auto made = make_table(session, segment_table(owner.schema, owner.seat, next)); !made) {
      return made;
    }
  }
  return update_kept(session, owner, "last = greatest(last, $3::int8)", segment);
}

Result<void> drop_segment(Session& session, const Owner& owner, SegmentNumber segment) {
  return run_owned(session, owner, [&]() -> Result<void> {
    if (auto dropped = drop_unless_used(session, segment_table(owner.schema, owner.seat, segment));
        !dropped) {
      return dropped;
    }
    return update_kept(session, owner, "first = greatest(first, $3::int8 + 1)", segment);
  });
}

Result<std::optional<KeptSegments>> read_kept(Session& session, const std::string& schema,
                                              std::int32_t seat) {
  const Result<Rows> rows =
      session.execute("select first, last from " + schema + ".segments kept join " + schema +
                          ".node seat on seat.number = kept.node and seat.epoch = kept.epoch"
                          " where kept.node = $1::int4",
                      {number(seat)});
  if (!rows) return rows.error();
  if (rows->size() == 0) return std::optional<KeptSegments>{};
  return std::optional<KeptSegments>{{static_cast<SegmentNumber>((*rows)[0].number(0)),
                                      static_cast<SegmentNumber>((*rows)[0].number(1))}};
}

Result<void> set_kept(Session& session, const Owner& owner, const KeptSegments& kept) {
  const auto done = session.execute(
      "insert into " + owner.schema +
          ".segments(node, epoch, first, last) values ($1::int4, $2::int8, $3::int8, $4::int8)"
          " on conflict (node) do update set epoch = excluded.epoch, first = excluded.first,"
          " last = excluded.last",
      {number(owner.seat), number(owner.epoch), number(kept.first), number(kept.last)});
  if (!done) return done.error();
  return {};
}

Result<std::vector<SegmentInfo>> list_segments(Session& session, const std::string& schema,
                                               std::int32_t seat) {
  const Result<Rows> tables = session.execute(
      "select relname::text, coalesce(pg_total_relation_size(c.oid), 0)::int8 from pg_class c"
      " join pg_namespace n on n.oid = relnamespace where nspname = $1 and relkind = 'r'"
      " and starts_with(relname::text, $2)",
      {text(schema), text(segment_prefix(seat))});
  if (!tables) return tables.error();
  std::vector<SegmentInfo> segments;
  for (int i = 0; i < tables->size(); ++i) {
    const RowView row = (*tables)[i];
    const auto found = number_behind(segment_prefix(seat), row.bytes(0));
    if (!found) continue;
    segments.push_back(
        {static_cast<SegmentNumber>(*found), 0, static_cast<std::uint64_t>(row.number(1))});
  }
  std::sort(segments.begin(), segments.end(),
            [](const SegmentInfo& a, const SegmentInfo& b) { return a.number < b.number; });
  return segments;
}

Result<void> check_kept(const std::string& schema, std::int32_t seat, const KeptSegments& kept,
                        std::span<const SegmentInfo> there) {
  const AmissSegments amiss = compare(kept, there);
  if (amiss.missing) {
    return Error{ErrorCode::corrupt,
                 "the table " + segment_table(schema, seat, *amiss.missing) +
                     " is missing: somebody has dropped it; expected the tables " +
                     std::to_string(kept.first) + " to " + std::to_string(kept.last) +
                     " of the log's segments"};
  }
  if (amiss.foreign) {
    return Error{ErrorCode::corrupt, "the table " + segment_table(schema, seat, *amiss.foreign) +
                                         " was not made by Millrace; expected " +
                                         std::to_string(kept.last) +
                                         " as the newest of the log's segments"};
  }
  return {};
}

}  // namespace millrace::postgres_log
