#include "actors/postgres_log/seat_removal.hpp"

#include <utility>

#include "actors/postgres_log/schema.hpp"
#include "actors/postgres_log/seats.hpp"
#include "actors/postgres_log/session/connector.hpp"

namespace millrace::postgres_log {

Result<void> remove_seat(const Options& options) {
  auto dsn = Dsn::parse(options.dsn);
  if (!dsn) return dsn.error();
  const Interrupt interrupt;
  Connector connector(*std::move(dsn), options.allow_unreplicated, options.connect_timeout,
                      options.patience);
  const auto session = connector.connect(interrupt);
  if (!session) return session.error();
  const Result<bool> is_there = has_schema(**session, options.schema);
  if (!is_there) return is_there.error();
  if (!*is_there) return {};
  const Result<void> removed = remove_seat(**session, options.schema, options.node);
  if (!removed && removed.error().code != ErrorCode::not_found) return removed.error();
  return {};
}

}  // namespace millrace::postgres_log
