#include "actors/postgres_log/copy_source.hpp"

#include <utility>

#include "actors/postgres_log/checkpoint_store.hpp"
#include "actors/postgres_log/seats.hpp"

namespace millrace::postgres_log {

PostgresCopySource::PostgresCopySource(const Options& options, Dsn dsn)
    : options_(options),
      connector_(std::move(dsn), options.allow_unreplicated, options.connect_timeout,
                 options.patience) {}

Result<std::unique_ptr<PostgresCopySource>> PostgresCopySource::open(const Options& options,
                                                                     const std::string& target) {
  if (const auto valid = validate(options); !valid) return valid.error();
  auto dsn = Dsn::parse(options.dsn);
  if (!dsn) return dsn.error();
  std::unique_ptr<PostgresCopySource> source{new PostgresCopySource(options, *std::move(dsn))};
  auto session = source->connector_.connect(source->interrupt_);
  if (!session) return session.error();
  // The transaction is idle while the target is written.
  if (const auto set = (*session)->execute("set idle_in_transaction_session_timeout = 0"); !set) {
    return set.error();
  }
  auto tables = hold_log(**session, {options.schema, options.node}, options, target);
  if (!tables) return tables.error();
  source->tables_ = *std::move(tables);
  source->was_given_up_ = source->tables_.has_moved;
  source->guard_ = *std::move(session);
  session = source->connector_.connect(source->interrupt_);
  if (!session) return session.error();
  source->session_ = *std::move(session);
  source->files_ = std::make_unique<StoredFiles>(
      options, Owner{options.schema, options.node, source->tables_.seat, source->tables_.epoch},
      source->connector_, source->interrupt_);
  source->extent_.last_lsn = source->tables_.last_lsn;
  source->extent_.first_lsn = source->tables_.replay_from();
  if (!source->tables_.segments.empty()) {
    source->extent_.first_lsn = source->tables_.segments.front().first_lsn;
  }
  if (source->tables_.checkpoint) source->extent_.replay_from = source->tables_.replay_from();
  return source;
}

Result<void> PostgresCopySource::visit_records(const logs::FrameVisitor& visit) {
  Lsn next = extent_.first_lsn;
  return visit_log(*session_, options_.schema, tables_, next, visit);
}

Result<void> PostgresCopySource::visit_checkpoint(const logs::EntryVisitor& visit) {
  CheckpointVisit progress(tables_.checkpoint ? tables_.checkpoint->number : 0);
  return postgres_log::visit_checkpoint(*session_, options_.schema, tables_, progress, visit);
}

Result<void> PostgresCopySource::give_up(const std::string& target) {
  const Result<Rows> marked = guard_->execute(
      "update " + options_.schema + ".node set holder = $2, lease_until = " + moved_until +
          " where name = $1",
      {text(options_.node), text(std::string(moved_prefix) + target)});
  if (!marked) return marked.error();
  return guard_->commit();
}

}  // namespace millrace::postgres_log
