#include "actors/postgres_log/stored_files.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "actors/postgres_log/core/names.hpp"
#include "actors/postgres_log/core/sql_state.hpp"
#include "actors/postgres_log/tables.hpp"

namespace millrace::postgres_log {
namespace {

// In one transaction: many, as each waits for the standby, and few, as a takeover waits for it.
constexpr int parts_per_transaction = 8;

}  // namespace

StoredFiles::StoredFiles(const Options& options, Owner owner, Connector& connector,
                         const Interrupt& interrupt, std::function<void()> on_fenced)
    : retry_min_(options.retry_min),
      retry_max_(options.retry_max),
      owner_(std::move(owner)),
      connector_(connector),
      interrupt_(interrupt),
      on_fenced_(std::move(on_fenced)) {}

Result<std::unique_ptr<Session>> StoredFiles::take_session() {
  {
    const std::lock_guard lock(mutex_);
    if (idle_ != nullptr && idle_->is_usable()) return std::move(idle_);
  }
  auto session = connector_.connect(interrupt_);
  if (session) return session;
  const ErrorCode code = session.error().code;
  const bool is_final =
      code == ErrorCode::fenced || code == ErrorCode::storage_failed || code == ErrorCode::draining;
  return Error{is_final ? code : ErrorCode::log_unreachable, session.error().message};
}

void StoredFiles::give_back(std::unique_ptr<Session> session) {
  const std::lock_guard lock(mutex_);
  idle_ = std::move(session);
}

// A session that a call fails with may be one to a former primary.
template <class Value>
Result<Value> StoredFiles::run(const std::function<Result<Value>(Session&)>& work) {
  auto session = take_session();
  if (!session) return session.error();
  Result<Value> done = work(**session);
  if (done) give_back(*std::move(session));
  if (!done && done.error().code == ErrorCode::fenced && on_fenced_) on_fenced_();
  return done;
}

Result<std::set<logs::FileNumber>> StoredFiles::list(Session& session) {
  const auto numbers = list_tables(session, owner_.schema, file_prefix(owner_.seat));
  if (!numbers) return numbers.error();
  return std::set<logs::FileNumber>(numbers->begin(), numbers->end());
}

Result<std::set<logs::FileNumber>> StoredFiles::list() {
  return run<std::set<logs::FileNumber>>([this](Session& session) { return list(session); });
}

// A file that was begun and not put to its end keeps its number.
Result<logs::FileNumber> StoredFiles::next_number(Session& session) {
  const std::lock_guard lock(mutex_);
  if (last_ == 0) {
    const auto there = list(session);
    if (!there) return there.error();
    if (!there->empty()) last_ = *there->rbegin();
  }
  return ++last_;
}

Result<void> StoredFiles::write(Session& session, const std::string& table, const Source& next) {
  std::int64_t part = 0;
  bool has_ended = false;
  while (!has_ended) {
    const auto written = run_owned(session, owner_, [&]() -> Result<void> {
      for (int i = 0; i < parts_per_transaction && !has_ended; ++i) {
        const auto piece = next();
        if (!piece) return piece.error();
        has_ended = piece->empty();
        if (has_ended) break;
        const auto added = session.execute("insert into " + table + " values ($1::int4, $2::bytea)",
                                           {number(part++), bytes(*piece)});
        if (!added) return added.error();
      }
      return {};
    });
    if (!written) return written;
  }
  return {};
}

Result<logs::FileNumber> StoredFiles::put(const Source& next) {
  return run<logs::FileNumber>([&](Session& session) -> Result<logs::FileNumber> {
    const auto given = next_number(session);
    if (!given) return given.error();
    const std::string table = file_table(owner_.schema, owner_.seat, *given);
    const auto made = run_owned(session, owner_, [&] { return make_parts_table(session, table); });
    if (!made) return made.error();
    if (auto written = write(session, table, next); !written) return written.error();
    return *given;
  });
}

// A start that has read much of its state does not give up because the server breaks the connection.
Result<void> StoredFiles::get(logs::FileNumber file, const Target& take) {
  const std::string table = file_table(owner_.schema, owner_.seat, file);
  std::int64_t part = 0;
  bool has_refused = false;
  const std::function<Result<void>(Session&)> read = [&](Session& session) -> Result<void> {
    auto done =
        session.stream("select bytes from " + table + " where part >= $1::int4 order by part",
                       {number(part)}, [&](const RowView& row) {
                         auto taken = take(row.bytes(0));
                         has_refused = !taken;
                         ++part;
                         return taken;
                       });
    if (done || session.state() != undefined_table) return done;
    return Error{ErrorCode::not_found, "there is no file " + std::to_string(file) + " of " +
                                           owner_.node + " in schema " + owner_.schema};
  };
  Backoff backoff(retry_min_, retry_max_);
  while (true) {
    auto done = run<void>(read);
    if (done || has_refused || done.error().code != ErrorCode::log_unreachable) return done;
    connector_.leave_host();
    if (!backoff.wait(interrupt_)) {
      return Error{ErrorCode::draining, "the log was stopped while it could not be reached"};
    }
  }
}

Result<void> StoredFiles::keep(const std::set<logs::FileNumber>& numbers) {
  return run<void>([&](Session& session) -> Result<void> {
    const auto there = list(session);
    if (!there) return there.error();
    for (const logs::FileNumber one : *there) {
      if (numbers.contains(one)) continue;
      const auto dropped = drop_table(session, owner_, file_table(owner_.schema, owner_.seat, one));
      // Somebody reads it.
      const bool is_read =
          !dropped && session.is_usable() && dropped.error().code == ErrorCode::log_unreachable;
      if (!dropped && !is_read) return dropped;
    }
    return {};
  });
}

}  // namespace millrace::postgres_log
