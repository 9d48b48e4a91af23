#include "actors/postgres_log/session/connector.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include <poll.h>

#include "actors/postgres_log/core/server_promise.hpp"

namespace millrace::postgres_log {
namespace {

// A commit must never be ended by a timer, and must wait for the standby. Where the process stops in
// the middle of a group, as when its machine is paused, its locks must not stay for ever: a session that
// is idle in a transaction has no commit under way.
constexpr const char* prepare_session =
    "select count(set_config(name, case name"
    " when 'idle_in_transaction_session_timeout' then '10s'"
    " when 'default_transaction_isolation' then 'read committed'"
    " when 'synchronous_commit' then"
    "  case setting when 'remote_apply' then setting else 'on' end"
    " else '0' end, false))::int8"
    " from pg_settings where name in ('idle_in_transaction_session_timeout',"
    " 'default_transaction_isolation', 'synchronous_commit', 'statement_timeout', 'lock_timeout',"
    " 'idle_session_timeout', 'transaction_timeout')";

constexpr const char* read_facts =
    "select current_setting('server_version_num')::int8, current_setting('fsync'),"
    " current_setting('full_page_writes'), current_setting('synchronous_commit'),"
    " current_setting('synchronous_standby_names'), pg_is_in_recovery(),"
    " current_setting('default_transaction_read_only') = 'on',"
    " pg_postmaster_start_time()::text";

// How much an error tells about what is to be done.
int rank(const Error& error) {
  switch (error.code) {
    case ErrorCode::draining:
      return 5;
    case ErrorCode::invalid_argument:
      return 4;
    case ErrorCode::unsupported_version:
      return 3;
    case ErrorCode::unauthenticated:
      return 2;
    default:
      return 1;
  }
}

}  // namespace

Result<std::unique_ptr<Session>> Connector::connect_to(const Host& host,
                                                       const Interrupt& interrupt) {
  const auto deadline = std::chrono::steady_clock::now() + connect_timeout_;
  auto session = Session::connect(dsn_, host, interrupt, deadline);
  if (!session) return session;
  (*session)->set_deadline(deadline);
  if (const auto prepared = (*session)->execute(prepare_session); !prepared) {
    return prepared.error();
  }
  const Result<Rows> rows = (*session)->execute(read_facts);
  if (!rows) return rows.error();
  const RowView row = (*rows)[0];
  const ServerFacts facts{static_cast<int>(row.number(0)),
                          row.text(1),
                          row.text(2),
                          row.text(3),
                          row.text(4),
                          row.number(5) != 0,
                          row.number(6) != 0};
  if (const auto checked = check_promise(facts, allow_unreplicated_); !checked) {
    return checked.error();
  }
  is_unreplicated_ = postgres_log::is_unreplicated(facts);
  (*session)->set_server(row.text(7));
  (*session)->set_deadline(std::chrono::steady_clock::time_point::max());
  return session;
}

Result<std::unique_ptr<Session>> Connector::connect(const Interrupt& interrupt) {
  const std::size_t first = preferred_.load();
  std::optional<Error> telling;
  for (std::size_t i = 0; i < dsn_.hosts().size(); ++i) {
    const Host& host = dsn_.hosts()[(first + i) % dsn_.hosts().size()];
    auto session = connect_to(host, interrupt);
    if (session) {
      (*session)->watch(patience_, [this, &interrupt, server = (*session)->server()] {
        return find_other_primary(server, interrupt);
      });
      if (i != 0) preferred_ = first + i;
      return session;
    }
    if (!telling || rank(session.error()) > rank(*telling)) telling = session.error();
    if (telling->code == ErrorCode::draining) break;
  }
  return *telling;
}

bool Connector::find_other_primary(const std::string& server, const Interrupt& interrupt) {
  for (std::size_t i = 0; i < dsn_.hosts().size(); ++i) {
    const auto session = connect_to(dsn_.hosts()[i], interrupt);
    if (!session || (*session)->server() == server) continue;
    preferred_ = i;
    return true;
  }
  return false;
}

bool Backoff::wait(const Interrupt& interrupt) {
  const auto now = std::exchange(next_, std::min(next_ * 2, last_));
  return pause(interrupt, now);
}

bool pause(const Interrupt& interrupt, std::chrono::milliseconds duration) {
  if (interrupt.is_raised()) return false;
  pollfd fd{interrupt.fd(), POLLIN, 0};
  return poll(&fd, 1, static_cast<int>(duration.count())) == 0;
}

}  // namespace millrace::postgres_log
