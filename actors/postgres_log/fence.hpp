// Fence: transactions that take place only while their process owns the log.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "actors/postgres_log/core/commit_core.hpp"
#include "actors/postgres_log/session/session.hpp"
#include "messages/result.hpp"

namespace millrace::postgres_log {

/// Who owns a log, and under which epoch.
struct Owner {
  std::string schema;
  std::string node;
  std::int32_t seat = 0;  ///< number of the seat
  std::uint64_t epoch = 0;
};

/// Begins a transaction in which the epoch is that of `owner`, until it ends: whoever takes the log over
/// waits for it. Fails with `fenced` (another process has taken the log over), `log_unreachable` (also if
/// the server's tables are older than the owner: see Standing::stale_server), and as Session.
[[nodiscard]] Result<void> begin_owned(Session& session, const Owner& owner);

/// Runs `work` in a transaction of the owner and commits it. Fails as begin_owned(), Session::commit(),
/// or with the error of `work`; then nothing is left of it, but for a commit in doubt.
[[nodiscard]] Result<void> run_owned(Session& session, const Owner& owner,
                                     const std::function<Result<void>()>& work);

/// Drops a table in a transaction of the owner. Does not wait for somebody who reads it, as a takeover
/// would have to wait as well: then fails with `log_unreachable`. Fails as run_owned(). A table that is
/// not there is dropped.
[[nodiscard]] Result<void> drop_table(Session& session, const Owner& owner,
                                      const std::string& table);

/// As drop_table(), in the owner's transaction that is open.
[[nodiscard]] Result<void> drop_unless_used(Session& session, const std::string& table);

}  // namespace millrace::postgres_log
