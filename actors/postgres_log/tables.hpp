// What checkpoints and files have in common: tables of parts, found by their names.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "actors/postgres_log/session/session.hpp"
#include "messages/result.hpp"

namespace millrace::postgres_log {

/// Makes a table of numbered parts in the transaction that is open. Fails as Session.
[[nodiscard]] Result<void> make_parts_table(Session& session, const std::string& table);

/// Numbers behind `prefix` (see names.hpp) in the names of the tables of `schema`, in no order. Fails as
/// Session.
[[nodiscard]] Result<std::vector<std::uint64_t>> list_tables(Session& session,
                                                             const std::string& schema,
                                                             const std::string& prefix);

}  // namespace millrace::postgres_log
