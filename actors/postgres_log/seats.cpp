#include "actors/postgres_log/seats.hpp"

#include <utility>

#include "actors/postgres_log/core/names.hpp"
#include "actors/postgres_log/schema.hpp"

namespace millrace::postgres_log {
namespace {

std::string select_seats(const std::string& schema) {
  return "select name, number::int8, epoch, holder, address, http,"
         " coalesce(extract(epoch from lease_until - clock_timestamp()) * 1000, 0)::int8,"
         " lease_until is null from " +
         schema + ".node";
}

Seat seat_of(const RowView& row) {
  return {row.text(0),
          static_cast<std::int32_t>(row.number(1)),
          static_cast<std::uint64_t>(row.number(2)),
          row.text(3),
          row.text(4),
          row.text(5),
          std::chrono::milliseconds(row.number(6)),
          row.number(7) != 0};
}

// An update of the seat under `epoch` that must change one row.
Result<void> update(Session& session, const std::string& schema, const std::string& assignments,
                    const std::string& name, std::uint64_t epoch, const std::string& first,
                    const std::string& second) {
  const Result<Rows> done = session.execute(
      "update " + schema + ".node set " + assignments +
          " where name = $1 and epoch = $2::int8 and $3::text is not null and $4::text is not null"
          " and set_config('synchronous_commit', 'local', true) = 'local'",
      {text(name), number(epoch), text(first), text(second)});
  if (!done) return done.error();
  if (done->changed() == 1) return {};
  return Error{ErrorCode::fenced,
               "the seat " + name + " is not held under epoch " + std::to_string(epoch)};
}

// What remains is in the transaction that locks the seat.
Result<void> drop_seat(Session& session, const std::string& schema, const Seat& seat,
                       std::uint64_t held) {
  if (const auto begun = session.execute("begin isolation level read committed"); !begun) {
    return begun.error();
  }
  if (const auto limited = session.execute("set local lock_timeout = '1s'"); !limited) {
    return limited.error();
  }
  if (const auto locked = session.execute("select pg_advisory_xact_lock($1::int4, $2::int4)",
                                          {number(lock_class(schema)), number(seat.number)});
      !locked) {
    return locked.error();
  }
  const Result<Rows> tables = session.execute(
      "select relname::text from pg_class c join pg_namespace n on n.oid = relnamespace"
      " where nspname = $1 and relkind = 'r'",
      {text(schema)});
  if (!tables) return tables.error();
  for (int i = 0; i < tables->size(); ++i) {
    const std::string table = (*tables)[i].text(0);
    if (!number_behind(segment_prefix(seat.number), table) &&
        !number_behind(checkpoint_prefix(seat.number), table) &&
        !number_behind(file_prefix(seat.number), table)) {
      continue;
    }
    if (const auto dropped = session.execute("drop table " + schema + "." + table); !dropped) {
      return dropped.error();
    }
  }
  for (const std::string table : {"checkpoint", "segments"}) {
    if (const auto removed =
            session.execute("delete from " + schema + "." + table + " where node = $1::int4",
                            {number(seat.number)});
        !removed) {
      return removed.error();
    }
  }
  const Result<Rows> removed = session.execute(
      "delete from " + schema +
          ".node where name = $1 and (lease_until is null or lease_until < clock_timestamp()"
          "  or starts_with(holder, $2) or epoch = $3::int8)",
      {text(seat.name), text(std::string(moved_prefix)), number(held)});
  if (!removed) return removed.error();
  if (removed->changed() != 1) {
    return Error{ErrorCode::storage_locked, "the seat " + seat.name + " is held by " + seat.holder};
  }
  return session.commit();
}

}  // namespace

Error moved_error(const Seat& seat) {
  return {ErrorCode::outdated, "the log of node " + seat.name + " has " + seat.holder +
                                   "; start the node with the log there"};
}

Result<std::vector<Seat>> list_seats(Session& session, const std::string& schema) {
  const Result<Rows> rows = session.execute(select_seats(schema) + " order by name");
  if (!rows) return rows.error();
  std::vector<Seat> seats;
  for (int i = 0; i < rows->size(); ++i) seats.push_back(seat_of((*rows)[i]));
  return seats;
}

Result<std::optional<Seat>> find_seat(Session& session, const std::string& schema,
                                      const std::string& name) {
  const Result<Rows> rows =
      session.execute(select_seats(schema) + " where name = $1", {text(name)});
  if (!rows) return rows.error();
  if (rows->size() == 0) return std::optional<Seat>{};
  return std::optional<Seat>{seat_of((*rows)[0])};
}

Result<void> add_seat(Session& session, const std::string& schema, const std::string& name) {
  const auto found = find_seat(session, schema, name);
  if (!found) return found.error();
  // The number of a seat comes from a sequence, which an insert that finds a conflict uses up.
  if (*found) return {};
  const auto added = session.execute(
      "insert into " + schema + ".node(name) values ($1) on conflict do nothing", {text(name)});
  if (!added) return added.error();
  return {};
}

Result<void> remove_seat(Session& session, const std::string& schema, const std::string& name,
                         std::uint64_t held) {
  const auto seat = find_seat(session, schema, name);
  if (!seat) return seat.error();
  if (!*seat) return Error{ErrorCode::not_found, "there is no seat " + name};
  const Result<void> removed = drop_seat(session, schema, **seat, held);
  if (!removed) session.roll_back();
  return removed;
}

Result<void> renew_lease(Session& session, const std::string& schema, const std::string& name,
                         std::uint64_t epoch, std::chrono::milliseconds lease) {
  return update(session, schema,
                "lease_until = clock_timestamp() + $3::text::int8 * interval '1 ms'", name, epoch,
                std::to_string(lease.count()), "");
}

Result<void> release_seat(Session& session, const std::string& schema, const std::string& name,
                          std::uint64_t epoch) {
  return update(session, schema, "lease_until = null", name, epoch, "", "");
}

Result<void> set_addresses(Session& session, const std::string& schema, const std::string& name,
                           std::uint64_t epoch, const std::string& address,
                           const std::string& http) {
  return update(session, schema, "address = $3, http = $4", name, epoch, address, http);
}

Result<std::optional<std::uint64_t>> raise_epoch(Session& session, const std::string& schema,
                                                 const std::string& name, const std::string& holder,
                                                 std::chrono::milliseconds lease,
                                                 std::uint64_t ended) {
  const Result<Rows> raised = session.execute(
      "update " + schema +
          ".node set epoch = greatest(epoch + 1,"
          " (extract(epoch from clock_timestamp()) * 1000000)::int8),"
          " holder = $2, address = '', http = '', lease_until ="
          " case when $3::int8 = 0 then null"
          " else clock_timestamp() + $3::int8 * interval '1 ms' end"
          " where name = $1 and (lease_until is null or lease_until < clock_timestamp()"
          "  or epoch = $4::int8) and not starts_with(holder, $5)"
          " and (epoch > 0 or holder = '') returning epoch",
      {text(name), text(holder), number(std::int64_t{lease.count()}), number(ended),
       text(std::string(moved_prefix))});
  if (!raised) return raised.error();
  if (raised->size() == 0) return std::optional<std::uint64_t>{};
  return std::optional<std::uint64_t>{static_cast<std::uint64_t>((*raised)[0].number(0))};
}

}  // namespace millrace::postgres_log
