#include "actors/postgres_log/fence.hpp"

#include <optional>

#include "actors/postgres_log/schema.hpp"
#include "actors/postgres_log/statements.hpp"

namespace millrace::postgres_log {

Result<void> begin_owned(Session& session, const Owner& owner) {
  if (const auto begun = session.execute(begin_statement); !begun) return begun.error();
  const auto locked =
      session.execute(lock_statement, {number(lock_class(owner.schema)), number(owner.seat)});
  if (!locked) return locked.error();
  // The lock is waited for first: this statement then sees what a takeover has committed.
  const Result<Rows> rows = session.execute(
      "select epoch from " + owner.schema + ".node where name = $1", {text(owner.node)});
  if (!rows) return rows.error();
  std::optional<std::uint64_t> epoch;
  if (rows->size() == 1) epoch = static_cast<std::uint64_t>((*rows)[0].number(0));
  switch (standing_of(owner.epoch, epoch)) {
    case Standing::owner:
      return {};
    case Standing::fenced:
      return Error{ErrorCode::fenced, "another process has taken the log of " + owner.node +
                                          " over: its epoch is " + std::to_string(*epoch) +
                                          ", that of this process " + std::to_string(owner.epoch)};
    case Standing::stale_server:
      break;
  }
  return Error{ErrorCode::log_unreachable,
               "the server's tables are older than this process: a former primary"};
}

Result<void> run_owned(Session& session, const Owner& owner,
                       const std::function<Result<void>()>& work) {
  Result<void> done = begin_owned(session, owner);
  if (done) done = work();
  if (done) done = session.commit();
  if (!done) session.roll_back();
  return done;
}

Result<void> drop_table(Session& session, const Owner& owner, const std::string& table) {
  return run_owned(session, owner, [&] { return drop_unless_used(session, table); });
}

Result<void> drop_unless_used(Session& session, const std::string& table) {
  for (const std::string& sql :
       {std::string("set local lock_timeout = '100ms'"), "drop table if exists " + table}) {
    if (const auto done = session.execute(sql); !done) return done.error();
  }
  return {};
}

}  // namespace millrace::postgres_log
