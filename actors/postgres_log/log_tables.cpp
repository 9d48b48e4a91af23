#include "actors/postgres_log/log_tables.hpp"

#include <algorithm>

#include "actors/postgres_log/core/log_end.hpp"
#include "actors/postgres_log/core/names.hpp"
#include "actors/postgres_log/schema.hpp"
#include "actors/postgres_log/seats.hpp"

namespace millrace::postgres_log {
namespace {

// Rows behind a gap are those of groups that were in flight when their process ended.
constexpr std::size_t behind_gap_max = 1'000;

Result<std::optional<CheckpointPointer>> read_pointer(Session& session, const std::string& schema,
                                                      std::int32_t seat) {
  const Result<Rows> rows =
      session.execute("select number, replay_from, parts::int8, entries from " + schema +
                          ".checkpoint where node = $1::int4",
                      {number(seat)});
  if (!rows) return rows.error();
  if (rows->size() == 0) return std::optional<CheckpointPointer>{};
  const RowView row = (*rows)[0];
  return std::optional<CheckpointPointer>{CheckpointPointer{
      static_cast<std::uint64_t>(row.number(0)), static_cast<Lsn>(row.number(1)),
      static_cast<std::uint32_t>(row.number(2)), static_cast<std::uint64_t>(row.number(3))}};
}

// All tables of segments by number, with the first record in each; 0: none.
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
  // In pieces, as a statement is bounded in its depth.
  constexpr std::size_t piece = 200;
  for (std::size_t from = 0; from < segments.size(); from += piece) {
    std::string sql;
    const std::size_t end = std::min(from + piece, segments.size());
    for (std::size_t i = from; i < end; ++i) {
      sql += (i == from ? "select " : " union all select ") + std::to_string(i) +
             "::int8, (select min(lsn) from " + segment_table(schema, seat, segments[i].number) +
             ")";
    }
    const Result<Rows> firsts = session.execute(sql);
    if (!firsts) return firsts.error();
    for (int i = 0; i < firsts->size(); ++i) {
      const RowView row = (*firsts)[i];
      if (row.is_null(1)) continue;
      segments[static_cast<std::size_t>(row.number(0))].first_lsn = static_cast<Lsn>(row.number(1));
    }
  }
  return segments;
}

// The index of the segment that holds record `lsn`, or where it would be looked for.
std::size_t index_holding(const std::vector<SegmentInfo>& segments, Lsn lsn) {
  std::size_t index = 0;
  for (std::size_t i = 0; i < segments.size(); ++i) {
    if (segments[i].first_lsn != 0 && segments[i].first_lsn <= lsn) index = i;
  }
  return index;
}

std::string rows_from(const std::string& table, const std::string& columns) {
  return "select " + columns + " from " + table + " where lsn >= coalesce((select max(lsn) from " +
         table + " where lsn <= $1::int8), 0)";
}

Result<LogEnd> find_end(Session& session, const std::string& schema, std::int32_t seat,
                        const std::vector<SegmentInfo>& segments, Lsn replay_from) {
  LogEnd end(replay_from);
  for (std::size_t i = index_holding(segments, replay_from); i < segments.size(); ++i) {
    if (segments[i].first_lsn == 0) continue;
    const std::string table = segment_table(schema, seat, segments[i].number);
    const auto read = session.stream(rows_from(table, "lsn, count::int8") + " order by lsn",
                                     {number(replay_from)}, [&](const RowView& row) {
                                       end.add(segments[i].number, static_cast<Lsn>(row.number(0)),
                                               static_cast<std::uint32_t>(row.number(1)));
                                       return Result<void>{};
                                     });
    if (!read) return read.error();
  }
  if (replay_from > 1 && !end.is_begun()) {
    return Error{ErrorCode::corrupt, "record " + std::to_string(replay_from - 1) +
                                         ", up to which the checkpoint reaches, is missing"};
  }
  return end;
}

// Checks that nothing behind the gap was confirmed, and removes it if `cuts`.
Result<void> cut(Session& session, const std::string& schema, std::int32_t seat, const LogEnd& end,
                 bool cuts) {
  if (end.behind_gap().size() > behind_gap_max) {
    return Error{ErrorCode::corrupt, "record " + std::to_string(end.last_lsn() + 1) +
                                         " is missing, and much follows it"};
  }
  for (const RowKey& key : end.behind_gap()) {
    const std::string table = segment_table(schema, seat, key.segment);
    const Result<Rows> rows = session.execute("select substring(frames from 1 for " +
                                                  std::to_string(journal::frame_header_bytes) +
                                                  ") from " + table + " where lsn = $1::int8",
                                              {number(key.lsn)});
    if (!rows) return rows.error();
    const auto head = rows->size() == 1 ? decode_row_head((*rows)[0].bytes(0)) : std::nullopt;
    if (!head) {
      return Error{ErrorCode::corrupt, "segment " + std::to_string(key.segment) + ", record " +
                                           std::to_string(key.lsn) + ": expected a frame"};
    }
    if (auto checked = end.check_behind_gap(*head); !checked) return checked;
    if (!cuts) continue;
    const auto removed =
        session.execute("delete from " + table + " where lsn = $1::int8", {number(key.lsn)});
    if (!removed) return removed.error();
  }
  return {};
}

// What the tables hold, in the transaction that is open.
Result<LogTables> read_tables(Session& session, const std::string& schema, std::int32_t seat,
                              bool cuts) {
  LogTables tables;
  tables.seat = seat;
  const auto pointer = read_pointer(session, schema, seat);
  if (!pointer) return pointer.error();
  tables.checkpoint = *pointer;
  const auto segments = list_segments(session, schema, seat);
  if (!segments) return segments.error();
  const Result<LogEnd> end = find_end(session, schema, seat, *segments, tables.replay_from());
  if (!end) return end.error();
  if (const auto done = cut(session, schema, seat, *end, cuts); !done) return done.error();
  tables.last_lsn = end->last_lsn();
  for (const SegmentInfo& segment : *segments) {
    tables.newest = segment.number;
    if (segment.first_lsn != 0 && segment.number <= end->last_segment()) {
      tables.segments.push_back(segment);
    } else {
      tables.empty.push_back(segment.number);
    }
  }
  return tables;
}

Error held(const Seat& seat) {
  return {ErrorCode::storage_locked, "the seat " + seat.name + " is held by " + seat.holder +
                                         " for another " + std::to_string(seat.lease_left.count()) +
                                         " ms"};
}

// The epoch whose lease is not waited for; 0: none.
std::uint64_t ended_epoch(const Seat& seat, const Options& options) {
  const bool is_mine = seat.holder == options.holder && !seat.holder.empty();
  return is_mine || (options.has_ended && options.has_ended(seat.holder)) ? seat.epoch : 0;
}

Result<LogTables> take(Session& session, const LogName& name, const Seat& seat, std::uint64_t ended,
                       const Options& options) {
  if (const auto begun = session.execute("begin isolation level read committed"); !begun) {
    return begun.error();
  }
  // Each statement that follows sees what groups have committed that were waited for here.
  if (const auto locked = session.execute("select pg_advisory_xact_lock($1::int4, $2::int4)",
                                          {number(lock_class(name.schema)), number(seat.number)});
      !locked) {
    return locked.error();
  }
  const auto epoch =
      raise_epoch(session, name.schema, name.node, options.holder, options.lease, ended);
  if (!epoch) return epoch.error();
  if (!*epoch) return held(seat);
  Result<LogTables> tables = read_tables(session, name.schema, seat.number, true);
  if (!tables) return tables;
  tables->epoch = **epoch;
  if (const auto committed = session.commit(); !committed) return committed.error();
  return tables;
}

}  // namespace

const SegmentInfo* LogTables::segment_holding(Lsn lsn) const {
  const SegmentInfo* found = nullptr;
  for (const SegmentInfo& segment : segments) {
    if (segment.first_lsn <= lsn) found = &segment;
  }
  return found;
}

Result<LogTables> take_log(Session& session, const LogName& name, const Options& options) {
  if (const auto added = add_seat(session, name.schema, name.node); !added) return added.error();
  const auto seat = find_seat(session, name.schema, name.node);
  if (!seat) return seat.error();
  if (!*seat) return Error{ErrorCode::log_unreachable, "the seat " + name.node + " has vanished"};
  // Looked at before the lock is asked for, which holds up the groups of a live owner.
  const bool is_leased = (*seat)->lease_left.count() > 0;
  const std::uint64_t ended = is_leased ? ended_epoch(**seat, options) : 0;
  if (is_leased && ended == 0) return held(**seat);
  Result<LogTables> taken = take(session, name, **seat, ended, options);
  if (!taken) session.roll_back();
  return taken;
}

Result<LogTables> view_log(Session& session, const LogName& name) {
  const auto exists = has_schema(session, name.schema);
  if (!exists) return exists.error();
  const Error missing{ErrorCode::not_found, "there is no log of " + name.node};
  if (!*exists) return missing;
  for (const char* statement : {"set idle_in_transaction_session_timeout = 0",
                                "begin isolation level repeatable read read only"}) {
    if (const auto done = session.execute(statement); !done) return done.error();
  }
  const auto seat = find_seat(session, name.schema, name.node);
  if (!seat) return seat.error();
  if (!*seat || (*seat)->epoch == 0) return missing;
  Result<LogTables> tables = read_tables(session, name.schema, (*seat)->number, false);
  if (tables) tables->epoch = (*seat)->epoch;
  return tables;
}

Result<void> visit_log(Session& session, const std::string& schema, const LogTables& tables,
                       Lsn& next, const FrameVisitor& visit) {
  const Lsn from = next;
  for (std::size_t i = index_holding(tables.segments, from); i < tables.segments.size(); ++i) {
    const SegmentNumber segment = tables.segments[i].number;
    const std::string table = segment_table(schema, tables.seat, segment);
    const auto read = session.stream(
        rows_from(table, "lsn, count::int8, frames") + " and lsn <= $2::int8 order by lsn",
        {number(from), number(tables.last_lsn)}, [&](const RowView& found) -> Result<void> {
          const Row row{segment, static_cast<Lsn>(found.number(0)),
                        static_cast<std::uint32_t>(found.number(1)), found.bytes(2)};
          if (row.lsn > next) {
            return Error{ErrorCode::corrupt, "record " + std::to_string(next) + " is missing"};
          }
          auto visited = visit_row(row, from, visit);
          if (visited) next = std::max(next, row.lsn + row.count);
          return visited;
        });
    if (!read) return read;
  }
  if (next == tables.last_lsn + 1) return {};
  return Error{ErrorCode::corrupt, "record " + std::to_string(next) + " is missing"};
}

}  // namespace millrace::postgres_log
