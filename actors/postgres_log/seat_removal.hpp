// The removal of a seat, with its log, from a database.
#pragma once

#include "actors/postgres_log/options.hpp"
#include "messages/result.hpp"

namespace millrace::postgres_log {

/// Removes the seat `options.node` and its log, for good, if there is such a seat. Blocks. Fails with
/// `invalid_argument` (DSN), `storage_locked` (a process holds the seat), `log_unreachable`.
[[nodiscard]] Result<void> remove_seat(const Options& options);

}  // namespace millrace::postgres_log
