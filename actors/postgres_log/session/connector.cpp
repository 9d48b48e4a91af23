#include "actors/postgres_log/session/connector.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include <poll.h>

#include "actors/postgres_log/core/server_promise.hpp"

namespace millrace::postgres_log {
namespace {

// A commit must never be ended by a timer, and must wait for the standby; that somebody has cancelled its
// wait is a warning of the server, which must come through. Where the process stops in
// the middle of a group, as when its machine is paused, its locks must not stay for ever: a session that
// is idle in a transaction has no commit under way. Of a machine that is gone the server learns by its
// keepalives.
constexpr const char* prepare_session =
    "select count(set_config(name, case name"
    " when 'idle_in_transaction_session_timeout' then '10s'"
    " when 'default_transaction_isolation' then 'read committed'"
    " when 'client_min_messages' then 'warning'"
    " when 'tcp_keepalives_idle' then '5' when 'tcp_keepalives_interval' then '2'"
    " when 'tcp_keepalives_count' then '3'"
    " when 'synchronous_commit' then"
    "  case setting when 'remote_apply' then setting else 'on' end"
    " else '0' end, false))::int8"
    " from pg_settings where name in ('idle_in_transaction_session_timeout',"
    " 'default_transaction_isolation', 'synchronous_commit', 'statement_timeout', 'lock_timeout',"
    " 'idle_session_timeout', 'transaction_timeout', 'client_min_messages', 'tcp_keepalives_idle',"
    " 'tcp_keepalives_interval', 'tcp_keepalives_count')";

constexpr const char* read_facts =
    "select current_setting('server_version_num')::int8, current_setting('fsync'),"
    " current_setting('full_page_writes'), current_setting('synchronous_commit'),"
    " current_setting('synchronous_standby_names'), pg_is_in_recovery(),"
    " current_setting('default_transaction_read_only') = 'on',"
    " pg_postmaster_start_time()::text";

// Whether the server runs a statement in that process. Waiting for the standby is a part of the commit; to
// wait for the rest of a message is not: that will not come any more. Behind a pooler nobody can tell.
bool is_at_work(Session& session, std::int32_t backend) {
  const auto rows = session.execute(
      "select count(*)::int8, pg_backend_pid() from pg_stat_activity where pid = $1::int4 and"
      " state = 'active' and coalesce(wait_event, '') <> 'ClientRead'",
      {number(backend)});
  return !rows || (*rows)[0].number(0) != 0 || (*rows)[0].number(1) != session.backend();
}

// How long awaited_standby() may take: the session that waits may be in a transaction and have its answer by
// now, and the server ends it when it says nothing for longer than prepare_session allows.
constexpr std::chrono::milliseconds ask_max{4'000};

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
  return connect_to(host, interrupt, std::chrono::steady_clock::now() + connect_timeout_);
}

Result<std::unique_ptr<Session>> Connector::connect_to(
    const Host& host, const Interrupt& interrupt, std::chrono::steady_clock::time_point deadline) {
  auto session = Session::connect(dsn_, host, interrupt, deadline);
  if (!session) return session;
  (*session)->set_deadline(deadline);
  if (const auto prepared = (*session)->execute(prepare_session); !prepared) {
    return prepared.error();
  }
  if (const auto checked = check(**session); !checked) return checked.error();
  (*session)->set_deadline(std::chrono::steady_clock::time_point::max());
  return session;
}

Result<void> Connector::check(Session& session) {
  const Result<Rows> rows = session.execute(read_facts);
  if (!rows) return rows.error();
  const RowView row = (*rows)[0];
  const ServerFacts facts{static_cast<int>(row.number(0)),
                          row.text(1),
                          row.text(2),
                          row.text(3),
                          row.text(4),
                          row.number(5) != 0,
                          row.number(6) != 0};
  if (auto checked = check_promise(facts, allow_unreplicated_); !checked) return checked;
  is_unreplicated_ = postgres_log::is_unreplicated(facts);
  session.set_server(row.text(7));
  return {};
}

Result<std::unique_ptr<Session>> Connector::connect(const Interrupt& interrupt) {
  const std::size_t first = preferred_.load();
  std::optional<Error> telling;
  for (std::size_t i = 0; i < dsn_.hosts().size(); ++i) {
    const Host& host = dsn_.hosts()[(first + i) % dsn_.hosts().size()];
    auto session = connect_to(host, interrupt);
    if (session) {
      watch(**session, interrupt);
      if (i != 0) preferred_ = first + i;
      return session;
    }
    if (!telling || rank(session.error()) > rank(*telling)) telling = session.error();
    if (telling->code == ErrorCode::draining) break;
  }
  return *telling;
}

void Connector::watch(Session& session, const Interrupt& interrupt) {
  session.watch(patience_, [this, &interrupt, server = session.server()] {
    return is_in_vain(server, 0, interrupt);
  });
}

std::optional<std::string> Connector::awaited_standby(const Session& waiting,
                                                      const Interrupt& interrupt) {
  const auto each = ask_max / static_cast<std::int64_t>(dsn_.hosts().size());
  for (const Host& host : dsn_.hosts()) {
    const auto deadline = std::chrono::steady_clock::now() + std::min(each, connect_timeout_);
    const auto session = connect_to(host, interrupt, deadline);
    if (!session || (*session)->server() != waiting.server()) continue;
    (*session)->set_deadline(deadline);
    const auto rows = (*session)->execute(
        "select current_setting('synchronous_standby_names') from pg_stat_activity"
        " where pid = $1::int4 and wait_event = 'SyncRep'",
        {number(waiting.backend())});
    if (!rows || rows->size() == 0) return std::nullopt;
    return "the server at " + host.where() +
           " waits for its synchronous standby before it confirms a commit; "
           "synchronous_standby_names is " +
           (*rows)[0].text(0);
  }
  return std::nullopt;
}

bool Connector::is_in_vain(const std::string& server, std::int32_t backend,
                           const Interrupt& interrupt) {
  for (std::size_t i = 0; i < dsn_.hosts().size(); ++i) {
    const auto session = connect_to(dsn_.hosts()[i], interrupt);
    if (!session) continue;
    if ((*session)->server() != server) {
      preferred_ = i;
      return true;
    }
    if (backend != 0 && !is_at_work(**session, backend)) return true;
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
