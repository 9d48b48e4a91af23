// The transactions on the table of seats; see core/seat_choice.hpp for what a seat is.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "actors/postgres_log/core/seat_choice.hpp"
#include "actors/postgres_log/session/session.hpp"
#include "messages/result.hpp"

namespace millrace::postgres_log {

/// The lease of a seat whose log has moved, for programs that do not know has_moved().
inline constexpr const char* moved_until = "'9999-01-01'::timestamptz";

/// Why a seat whose log has moved is refused, code `outdated`.
[[nodiscard]] Error moved_error(const Seat& seat);

/// The functions below fail as Session; those with an epoch also with `fenced`, if the seat has another
/// one: no process with that epoch holds it. They run a transaction of their own and block.
///
/// REQUIRES: `schema` was made (see schema.hpp).

/// All seats, by name.
[[nodiscard]] Result<std::vector<Seat>> list_seats(Session& session, const std::string& schema);

/// The seat called `name`; empty: there is none.
[[nodiscard]] Result<std::optional<Seat>> find_seat(Session& session, const std::string& schema,
                                                    const std::string& name);

/// Makes the seat if there is none, free to be taken.
[[nodiscard]] Result<void> add_seat(Session& session, const std::string& schema,
                                    const std::string& name);

/// Removes the seat and its log for good, also one that has moved. Fails with `not_found`,
/// `storage_locked` (its lease has not ended, and its epoch is not `held`), `log_unreachable` (somebody reads
/// its tables).
[[nodiscard]] Result<void> remove_seat(Session& session, const std::string& schema,
                                       const std::string& name, std::uint64_t held = 0);

/// Extends the lease to `lease` from now, by the server's clock. Does not wait for the standby: a lease
/// that a failover shortens only lets somebody try to take the seat sooner.
[[nodiscard]] Result<void> renew_lease(Session& session, const std::string& schema,
                                       const std::string& name, std::uint64_t epoch,
                                       std::chrono::milliseconds lease);

/// Ends the lease, so that anybody may take the seat at once. The epoch stays.
[[nodiscard]] Result<void> release_seat(Session& session, const std::string& schema,
                                        const std::string& name, std::uint64_t epoch);

/// Sets where the holder is reached.
[[nodiscard]] Result<void> set_addresses(Session& session, const std::string& schema,
                                         const std::string& name, std::uint64_t epoch,
                                         const std::string& address, const std::string& http);

/// Raises the epoch of the seat, if it is free: its lease has ended, or its epoch is `ended`, whose
/// holder has ended; 0: none. Part of a transaction that is open and has the exclusive lock of the seat:
/// after its commit, no group of an earlier epoch is under way, and each later one fails. An epoch is at
/// least the microseconds since 1970 by the server's clock, as the incarnations of nodes with a journal
/// are, so that a node may change the engine. Returns the new epoch; empty: not free,
/// its log has moved, or it awaits a copy.
[[nodiscard]] Result<std::optional<std::uint64_t>> raise_epoch(
    Session& session, const std::string& schema, const std::string& name, const std::string& holder,
    std::chrono::milliseconds lease, std::uint64_t ended);

}  // namespace millrace::postgres_log
