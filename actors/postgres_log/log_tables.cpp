#include "actors/postgres_log/log_tables.hpp"

#include <algorithm>
#include <functional>
#include <span>

#include "actors/postgres_log/core/log_end.hpp"
#include "actors/postgres_log/core/names.hpp"
#include "actors/postgres_log/core/sql_state.hpp"
#include "actors/postgres_log/schema.hpp"
#include "actors/postgres_log/seats.hpp"
#include "actors/postgres_log/segment_tables.hpp"
#include "actors/postgres_log/server_run.hpp"
#include "actors/postgres_log/table_checks.hpp"

namespace millrace::postgres_log {
namespace {

// Rows behind a gap are those of groups that were in flight when their process ended.
constexpr std::size_t behind_gap_max = 1'000;
constexpr int attempts_max = 5;

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

// Sets the first record of each segment; 0: none. Each statement locks `piece` tables and their indexes.
Result<void> find_firsts(Session& session, const std::string& schema, std::int32_t seat,
                         std::span<SegmentInfo> segments) {
  constexpr std::size_t piece = 32;
  while (!segments.empty()) {
    const std::span<SegmentInfo> now = segments.first(std::min(piece, segments.size()));
    segments = segments.subspan(now.size());
    std::string sql;
    for (std::size_t i = 0; i < now.size(); ++i) {
      sql += (i == 0 ? "select " : " union all select ") + std::to_string(i) +
             "::int8, (select min(lsn) from " + segment_table(schema, seat, now[i].number) + ")";
    }
    const Result<Rows> firsts = session.execute(sql);
    if (!firsts) return firsts.error();
    for (int i = 0; i < firsts->size(); ++i) {
      const RowView row = (*firsts)[i];
      now[static_cast<std::size_t>(row.number(0))].first_lsn =
          row.is_null(1) ? 0 : static_cast<Lsn>(row.number(1));
    }
  }
  return {};
}

// The index of the segment that holds record `lsn`, or where it would be looked for.
std::size_t index_holding(std::span<const SegmentInfo> segments, Lsn lsn) {
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

// Adds the rows to `end` from its last record on.
Result<void> find_end(Session& session, const std::string& schema, std::int32_t seat,
                      std::span<const SegmentInfo> segments, Lsn replay_from, LogEnd& end) {
  const bool goes_on = end.is_begun();
  const SegmentNumber first =
      goes_on ? end.last_segment()
              : (segments.empty() ? 0 : segments[index_holding(segments, replay_from)].number);
  const Lsn from = goes_on ? end.last_lsn() + 1 : replay_from;
  for (const SegmentInfo& segment : segments) {
    if (segment.first_lsn == 0 || segment.number < first) continue;
    const std::string table = segment_table(schema, seat, segment.number);
    const std::string columns = "lsn, count::int8";
    const std::string rows = goes_on
                                 ? "select " + columns + " from " + table + " where lsn >= $1::int8"
                                 : rows_from(table, columns);
    const auto read =
        session.stream(rows + " order by lsn", {number(from)}, [&](const RowView& row) {
          end.add(segment.number, static_cast<Lsn>(row.number(0)),
                  static_cast<std::uint32_t>(row.number(1)));
          return Result<void>{};
        });
    if (!read) return read;
  }
  return {};
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

/// What a look before the transaction has found, so that the transaction itself locks few tables: a log has
/// thousands of segments, and the locks of a transaction are bounded. Nothing of it changes, but for what
/// is released: rows up to the end were confirmed or are behind no gap, so nobody removes them.
struct Survey {
  std::optional<CheckpointPointer> checkpoint;
  std::vector<SegmentInfo> segments;  ///< all tables, by number
  LogEnd end{1};                      ///< without the rows behind it
};

Result<Survey> survey(Session& session, const std::string& schema, std::int32_t seat) {
  if (auto checked = check_tables(session, schema, seat); !checked) return checked.error();
  Survey found;
  const auto pointer = read_pointer(session, schema, seat);
  if (!pointer) return pointer.error();
  found.checkpoint = *pointer;
  auto segments = list_segments(session, schema, seat);
  if (!segments) return segments.error();
  found.segments = *std::move(segments);
  if (auto firsts = find_firsts(session, schema, seat, found.segments); !firsts) {
    return firsts.error();
  }
  const Lsn replay_from = found.checkpoint ? found.checkpoint->replay_from : 1;
  found.end = LogEnd(replay_from);
  if (auto read = find_end(session, schema, seat, found.segments, replay_from, found.end); !read) {
    return read.error();
  }
  found.end.forget_behind_gap();
  return found;
}

// Takes the first records over for the segments before the last one that the survey has found records in.
// False: a table is new.
bool take_firsts_over(const Survey& before, std::span<SegmentInfo> segments) {
  auto known = before.segments.begin();
  for (SegmentInfo& segment : segments) {
    while (known != before.segments.end() && known->number < segment.number) ++known;
    if (known == before.segments.end() || known->number != segment.number) return false;
    segment.first_lsn = known->first_lsn;
  }
  return true;
}

// Keeps an owner from dropping the tables until the transaction ends. It drops segments in their order, so
// the oldest one keeps all that follow.
Result<void> keep_tables(Session& session, const std::string& schema, const LogTables& tables) {
  std::vector<std::string> names;
  if (!tables.segments.empty()) {
    names.push_back(segment_table(schema, tables.seat, tables.segments.front().number));
  }
  if (tables.checkpoint) {
    names.push_back(checkpoint_table(schema, tables.seat, tables.checkpoint->number));
  }
  for (const std::string& name : names) {
    if (auto kept = session.execute("select from " + name + " limit 0"); !kept) return kept.error();
  }
  return {};
}

/// What a transaction has begun with.
struct Begun {
  std::uint64_t epoch = 0;             ///< of the process that looks, if it takes the seat
  std::optional<KeptSegments> kept{};  ///< by the owner before; empty: nobody knows
};

// What the tables hold, in the transaction that is open. Empty: another process has changed them since the
// survey.
Result<std::optional<LogTables>> read_tables(Session& session, const LogName& name,
                                             std::int32_t seat, const Survey& before,
                                             const Begun& begun, bool cuts) {
  const std::string& schema = name.schema;
  LogTables tables;
  tables.seat = seat;
  tables.epoch = begun.epoch;
  const auto pointer = read_pointer(session, schema, seat);
  if (!pointer) return pointer.error();
  tables.checkpoint = *pointer;
  const auto number_of = [](const std::optional<CheckpointPointer>& one) {
    return one ? one->number : 0;
  };
  if (number_of(tables.checkpoint) != number_of(before.checkpoint)) {
    return std::optional<LogTables>{};
  }
  auto segments = list_segments(session, schema, seat);
  if (!segments) return segments.error();
  if (begun.kept) {
    auto checked = check_kept(schema, seat, *begun.kept, *segments);
    if (!checked) return checked.error();
  }
  const auto tail = std::find_if(segments->begin(), segments->end(), [&](const SegmentInfo& one) {
    return one.number >= before.end.last_segment();
  });
  if (!take_firsts_over(before, {segments->begin(), tail})) return std::optional<LogTables>{};
  if (auto firsts = find_firsts(session, schema, seat, {tail, segments->end()}); !firsts) {
    return firsts.error();
  }
  LogEnd end = before.end;
  if (auto read = find_end(session, schema, seat, *segments, tables.replay_from(), end); !read) {
    return read.error();
  }
  if (tables.replay_from() > 1 && !end.is_begun()) {
    return Error{ErrorCode::corrupt, "record " + std::to_string(tables.replay_from() - 1) +
                                         ", up to which the checkpoint reaches, is missing"};
  }
  if (const auto done = cut(session, schema, seat, end, cuts); !done) return done.error();
  tables.last_lsn = end.last_lsn();
  for (const SegmentInfo& segment : *segments) {
    tables.newest = segment.number;
    if (segment.number > end.last_segment()) {
      tables.ready.push_back(segment.number);
    } else if (segment.first_lsn != 0) {
      tables.segments.push_back(segment);
    } else {
      tables.unused.push_back(segment.number);
    }
  }
  Result<void> kept = cuts ? set_kept(session, {schema, name.node, seat, begun.epoch},
                                      begun.kept ? *begun.kept : newest_run(*segments))
                           : keep_tables(session, schema, tables);
  if (!kept) return kept.error();
  return std::optional<LogTables>(std::move(tables));
}

// Reads the tables in a transaction that `begin` begins, and that stays open.
Result<LogTables> read_in_transaction(Session& session, const LogName& name, std::int32_t seat,
                                      bool cuts, const std::function<Result<Begun>()>& begin) {
  for (int attempt = 0; attempt < attempts_max; ++attempt) {
    const auto before = survey(session, name.schema, seat);
    Result<Begun> begun = before ? begin() : Result<Begun>(before.error());
    if (begun) {
      auto tables = read_tables(session, name, seat, *before, *begun, cuts);
      if (tables && *tables) return *std::move(*tables);
      if (!tables) begun = tables.error();
    }
    // A table that was released meanwhile is no fault.
    if (!begun && session.state() != undefined_table) return begun.error();
    session.roll_back();
  }
  return Error{ErrorCode::log_unreachable, "another process changes the tables all the time"};
}

// Why a seat that is not free is not taken.
Error held(const Seat& seat) {
  if (has_moved(seat)) return moved_error(seat);
  if (awaits_copy(seat)) {
    return {ErrorCode::storage_locked,
            "the copy of a log to the seat " + seat.name + " is not complete: " + seat.holder};
  }
  return {ErrorCode::storage_locked, "the seat " + seat.name + " is held by " + seat.holder +
                                         " for another " + std::to_string(seat.lease_left.count()) +
                                         " ms"};
}

// The epoch whose lease is not waited for; 0: none.
std::uint64_t ended_epoch(const Seat& seat, const Options& options) {
  const bool is_mine = seat.holder == options.holder && !seat.holder.empty();
  return is_mine || (options.has_ended && options.has_ended(seat.holder)) ? seat.epoch : 0;
}

// Ends the sessions of a former holder that keep the lock of its groups and wait for the rest of a message,
// which its process or its machine will not send any more. What they have not committed was not confirmed.
void end_stuck_sessions(Session& session, const LogName& name, const Seat& seat) {
  [[maybe_unused]] const auto ended = session.execute(
      "select count(pg_terminate_backend(l.pid))::int8 from pg_locks l join pg_stat_activity a"
      " on a.pid = l.pid where l.locktype = 'advisory' and l.mode = 'ShareLock' and l.granted"
      " and l.database = (select oid from pg_database where datname = current_database())"
      " and l.classid::int8 = ($1::int8 & 4294967295) and l.objid::int8 = ($2::int8 & 4294967295)"
      " and l.objsubid = 2 and a.wait_event = 'ClientRead'",
      {number(lock_class(name.schema)), number(seat.number)});
}

// Waits for the groups that are under way. Each statement that follows in the transaction sees what they
// have committed.
Result<void> lock_seat(Session& session, const LogName& name, const Seat& seat) {
  if (auto bounded = session.execute("set local lock_timeout = '1s'"); !bounded) {
    return bounded.error();
  }
  const auto locked = session.execute("select pg_advisory_xact_lock($1::int4, $2::int4)",
                                      {number(lock_class(name.schema)), number(seat.number)});
  if (!locked && session.state() != lock_not_available) return locked.error();
  if (!locked) {
    session.roll_back();
    end_stuck_sessions(session, name, seat);
    return Error{ErrorCode::storage_locked, "groups of " + seat.holder + " for the seat " +
                                                seat.name + " are still under way"};
  }
  if (auto unbounded = session.execute("set local lock_timeout = 0"); !unbounded) {
    return unbounded.error();
  }
  return {};
}

// Begins a transaction in which the seat has a new epoch. `moved_to`: see begin_take().
Result<Begun> begin_raised(Session& session, const LogName& name, const Seat& seat,
                           std::uint64_t ended, const Options& options,
                           const std::string& moved_to) {
  if (const auto begun = session.execute("begin isolation level read committed"); !begun) {
    return begun.error();
  }
  if (auto locked = lock_seat(session, name, seat); !locked) return locked.error();
  const auto kept = read_kept(session, name.schema, seat.number);
  if (!kept) return kept.error();
  if (!moved_to.empty()) {
    const auto back = session.execute(
        "update " + name.schema +
            ".node set holder = '', lease_until = null where name = $1 and holder = $2",
        {text(name.node), text(std::string(moved_prefix) + moved_to)});
    if (!back) return back.error();
  }
  const auto epoch =
      raise_epoch(session, name.schema, name.node, options.holder, options.lease, ended);
  if (!epoch) return epoch.error();
  if (*epoch) return Begun{**epoch, *kept};
  const auto now = find_seat(session, name.schema, name.node);
  if (!now) return now.error();
  return held(*now ? **now : seat);
}

// Takes the seat in a transaction that stays open. `moved_to`: a seat whose log has moved there is taken as
// well; empty: none.
Result<LogTables> begin_take(Session& session, const LogName& name, const Seat& seat,
                             std::uint64_t ended, const Options& options,
                             const std::string& moved_to) {
  Result<LogTables> tables = read_in_transaction(session, name, seat.number, true, [&] {
    return begin_raised(session, name, seat, ended, options, moved_to);
  });
  if (tables) tables->has_moved = !moved_to.empty();
  return tables;
}

// Fails unless the seat is free; returns `ended` of raise_epoch().
Result<std::uint64_t> check_free(const Seat& seat, const Options& options) {
  if (has_moved(seat) || awaits_copy(seat)) return held(seat);
  // Looked at before the lock is asked for, which holds up the groups of a live owner.
  const bool is_leased = seat.lease_left.count() > 0;
  const std::uint64_t ended = is_leased ? ended_epoch(seat, options) : 0;
  if (is_leased && ended == 0) return held(seat);
  return ended;
}

Result<LogTables> take(Session& session, const LogName& name, const Seat& seat, std::uint64_t ended,
                       const Options& options) {
  Result<LogTables> tables = begin_take(session, name, seat, ended, options, {});
  if (!tables) return tables;
  auto run = read_server_run(session, name.schema);
  if (!run) return run.error();
  tables->run = *std::move(run);
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
  const Result<std::uint64_t> ended = check_free(**seat, options);
  if (!ended) return ended.error();
  Result<LogTables> taken = take(session, name, **seat, *ended, options);
  if (!taken) session.roll_back();
  return taken;
}

Result<LogTables> hold_log(Session& session, const LogName& name, const Options& options,
                           const std::string& target) {
  const auto facts = look_at_schema(session, name.schema, options.cluster);
  if (!facts) return facts.error();
  const Error missing{ErrorCode::not_found, "there is no log of " + name.node};
  if (facts->version == 0) return missing;
  if (auto made = make_schema(session, name.schema, options.cluster); !made) return made.error();
  const auto seat = find_seat(session, name.schema, name.node);
  if (!seat) return seat.error();
  if (!*seat || (*seat)->epoch == 0) return missing;
  if (has_moved(**seat) && (*seat)->holder == std::string(moved_prefix) + target) {
    return begin_take(session, name, **seat, 0, options, target);
  }
  const Result<std::uint64_t> ended = check_free(**seat, options);
  if (!ended) return ended.error();
  return begin_take(session, name, **seat, *ended, options, {});
}

Result<LogTables> view_log(Session& session, const LogName& name, const std::string& cluster) {
  const auto facts = look_at_schema(session, name.schema, cluster);
  if (!facts) return facts.error();
  const Error missing{ErrorCode::not_found, "there is no log of " + name.node};
  if (facts->version == 0) return missing;
  if (const auto set = session.execute("set idle_in_transaction_session_timeout = 0"); !set) {
    return set.error();
  }
  const auto seat = find_seat(session, name.schema, name.node);
  if (!seat) return seat.error();
  if (!*seat || (*seat)->epoch == 0) return missing;
  return read_in_transaction(session, name, (*seat)->number, false, [&]() -> Result<Begun> {
    const auto begun = session.execute("begin isolation level repeatable read read only");
    if (!begun) return begun.error();
    if (facts->version < 2) return Begun{(*seat)->epoch, {}};
    const auto kept = read_kept(session, name.schema, (*seat)->number);
    if (!kept) return kept.error();
    return Begun{(*seat)->epoch, *kept};
  });
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
