// Checkpoints as tables of parts. A checkpoint takes effect by the row that points to it, which is
// written last, when all parts are durable.
#pragma once

#include <cstdint>
#include <string>

#include "actors/log/checkpoint.hpp"
#include "actors/postgres_log/core/part_format.hpp"
#include "actors/postgres_log/fence.hpp"
#include "actors/postgres_log/log_tables.hpp"
#include "actors/postgres_log/session/session.hpp"

namespace millrace::postgres_log {

/// Writes checkpoint `number` in several transactions of the owner, so that a takeover does not wait for
/// all of it, and lets the pointer lead to it. Fails as run_owned(), or with the error of `fill`. After
/// `log_unreachable` or `draining` the pointer may lead to it or to the one before.
/// REQUIRES: no checkpoint with this number was begun before.
[[nodiscard]] Result<logs::CheckpointInfo> write_checkpoint(Session& session, const Owner& owner,
                                                            std::uint64_t number, Lsn replay_from,
                                                            const logs::CheckpointFill& fill);

/// Which checkpoint, of which seat.
struct CheckpointName {
  std::string schema;
  std::int32_t seat = 0;  ///< number of the seat
  std::uint64_t number = 0;
};

/// As write_checkpoint(), as part of the transaction that is open: for a log that is made as a whole.
[[nodiscard]] Result<logs::CheckpointInfo> add_checkpoint(Session& session,
                                                          const CheckpointName& name,
                                                          Lsn replay_from,
                                                          const logs::CheckpointFill& fill);

/// How far the parts of a checkpoint are visited.
struct CheckpointVisit {
  explicit CheckpointVisit(std::uint64_t number) : decoder(number) {}
  PartDecoder decoder;
  std::int64_t parts = 0;
};

/// Visits the entries of the checkpoint that `tables` points to; none if there is none. A visit that
/// broke off goes on with the same `progress`. Fails with `corrupt`, the error of `visit`, and as Session.
[[nodiscard]] Result<void> visit_checkpoint(Session& session, const std::string& schema,
                                            const LogTables& tables, CheckpointVisit& progress,
                                            const logs::EntryVisitor& visit);

/// Highest number of any checkpoint's table; 0: there is none. Fails as Session.
[[nodiscard]] Result<std::uint64_t> last_checkpoint_number(Session& session,
                                                           const std::string& schema,
                                                           std::int32_t seat);

/// Drops the tables of the checkpoints before `number`, unless somebody reads them. REQUIRES: the pointer
/// leads to `number` or a later one. Fails as run_owned().
[[nodiscard]] Result<void> drop_checkpoints_before(Session& session, const Owner& owner,
                                                   std::uint64_t number);

}  // namespace millrace::postgres_log
