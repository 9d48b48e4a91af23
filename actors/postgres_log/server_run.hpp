// What tells one run of a server, and the tables of a cluster on it, from all others.
#pragma once

#include <string>

#include "actors/postgres_log/session/session.hpp"
#include "messages/result.hpp"

namespace millrace::postgres_log {

/// Whether the user may read the identifier of the server's data. Fails as Session.
[[nodiscard]] Result<bool> may_read_system(Session& session);

/// An expression of a statement: a text that is another one after a restart, a failover, or when the tables were
/// made anew. It has the identifier of the server's data, if `reads_system`, the start of its run, its
/// timeline, and the oid of the table of seats. Fails where the server is a standby.
[[nodiscard]] std::string server_run_expression(const std::string& schema, bool reads_system);

/// That text, in the transaction that is open. Fails as Session.
[[nodiscard]] Result<std::string> read_server_run(Session& session, const std::string& schema);

}  // namespace millrace::postgres_log
