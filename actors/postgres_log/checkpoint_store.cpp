#include "actors/postgres_log/checkpoint_store.hpp"

#include <algorithm>
#include <functional>
#include <vector>

#include "actors/postgres_log/core/names.hpp"
#include "actors/postgres_log/core/part_format.hpp"
#include "actors/postgres_log/core/sql_state.hpp"
#include "actors/postgres_log/statements.hpp"
#include "actors/postgres_log/tables.hpp"

namespace millrace::postgres_log {
namespace {

Result<void> run_statement(Session& session, const std::string& sql,
                           Session::Parameters parameters = {}) {
  const Result<Rows> done = session.execute(sql, parameters);
  if (!done) return done.error();
  return {};
}

/// Runs work in a transaction, its own or the one that is open.
using Transaction = std::function<Result<void>(const std::function<Result<void>()>& work)>;

Result<logs::CheckpointInfo> write(Session& session, const CheckpointName& name, Lsn replay_from,
                                   const logs::CheckpointFill& fill,
                                   const Transaction& transaction) {
  const std::string table = checkpoint_table(name.schema, name.seat, name.number);
  if (auto made = transaction([&] { return make_parts_table(session, table); }); !made) {
    return made.error();
  }
  std::int64_t part_number = 0;
  PartEncoder encoder(name.number, [&](std::string_view part) {
    return transaction([&] {
      return run_statement(session, "insert into " + table + " values ($1::int4, $2::bytea)",
                           {number(part_number++), bytes(part)});
    });
  });
  if (auto filled = fill(encoder); !filled) return filled.error();
  if (auto finished = encoder.finish(); !finished) return finished.error();
  const Result<void> pointed = transaction([&]() -> Result<void> {
    // The parts were committed on the server that this session then reached.
    const Result<Rows> parts = session.execute("select count(*) from " + table);
    if (!parts) return parts.error();
    if ((*parts)[0].number(0) != std::int64_t{encoder.parts()}) {
      return Error{ErrorCode::log_unreachable, "parts of the checkpoint are missing"};
    }
    return run_statement(
        session,
        "insert into " + name.schema +
            ".checkpoint(node, number, replay_from, parts, entries, bytes)"
            " values ($1::int4, $2::int8, $3::int8, $4::int4, $5::int8, $6::int8)"
            " on conflict (node) do update set number = excluded.number,"
            " replay_from = excluded.replay_from, parts = excluded.parts,"
            " entries = excluded.entries, bytes = excluded.bytes",
        {number(name.seat), number(name.number), number(replay_from), number(encoder.parts()),
         number(encoder.entries()), number(encoder.bytes())});
  });
  if (!pointed) return pointed.error();
  return logs::CheckpointInfo{name.number, replay_from, encoder.entries(), encoder.bytes()};
}

}  // namespace

Result<logs::CheckpointInfo> write_checkpoint(Session& session, const Owner& owner,
                                              std::uint64_t checkpoint, Lsn replay_from,
                                              const logs::CheckpointFill& fill) {
  return write(session, {owner.schema, owner.seat, checkpoint}, replay_from, fill,
               [&](const auto& work) { return run_owned(session, owner, work); });
}

Result<logs::CheckpointInfo> add_checkpoint(Session& session, const CheckpointName& name,
                                            Lsn replay_from, const logs::CheckpointFill& fill) {
  return write(session, name, replay_from, fill, [](const auto& work) { return work(); });
}

Result<void> visit_checkpoint(Session& session, const std::string& schema, const LogTables& tables,
                              CheckpointVisit& progress, const logs::EntryVisitor& visit) {
  if (!tables.checkpoint) return {};
  const std::string table = checkpoint_table(schema, tables.seat, tables.checkpoint->number);
  const Result<void> read =
      session.stream("select bytes from " + table + " where part >= $1::int4 order by part",
                     {number(progress.parts)}, [&](const RowView& row) {
                       auto added = progress.decoder.add(row.bytes(0), visit);
                       if (added) ++progress.parts;
                       return added;
                     });
  if (!read && session.state() == undefined_table) {
    return Error{ErrorCode::corrupt,
                 "checkpoint " + std::to_string(tables.checkpoint->number) + " is missing"};
  }
  if (!read) return read;
  return progress.decoder.finish();
}

Result<std::uint64_t> last_checkpoint_number(Session& session, const std::string& schema,
                                             std::int32_t seat) {
  const auto numbers = list_tables(session, schema, checkpoint_prefix(seat));
  if (!numbers) return numbers.error();
  return numbers->empty() ? 0 : *std::max_element(numbers->begin(), numbers->end());
}

Result<void> drop_checkpoints_before(Session& session, const Owner& owner, std::uint64_t before) {
  const auto numbers = list_tables(session, owner.schema, checkpoint_prefix(owner.seat));
  if (!numbers) return numbers.error();
  for (const std::uint64_t one : *numbers) {
    if (one >= before) continue;
    const auto dropped =
        drop_table(session, owner, checkpoint_table(owner.schema, owner.seat, one));
    if (!dropped) return dropped;
  }
  return {};
}

}  // namespace millrace::postgres_log
