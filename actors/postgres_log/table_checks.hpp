// Whether the tables are what Millrace has made: what somebody has added to one may break what a commit
// promises, without any error.
#pragma once

#include <cstdint>
#include <string>

#include "actors/postgres_log/session/session.hpp"
#include "messages/result.hpp"

namespace millrace::postgres_log {

/// Fails with `invalid_argument`, and one line that says what to do, if a table of the cluster or of this seat
/// is unlogged, or has row security, a rule or a trigger; and as Session.
[[nodiscard]] Result<void> check_tables(Session& session, const std::string& schema,
                                        std::int32_t seat);

}  // namespace millrace::postgres_log
