#include "actors/postgres_log/copy_target.hpp"

#include <chrono>
#include <utility>

#include "actors/postgres_log/checkpoint_store.hpp"
#include "actors/postgres_log/core/names.hpp"
#include "actors/postgres_log/core/row_format.hpp"
#include "actors/postgres_log/schema.hpp"
#include "actors/postgres_log/seats.hpp"
#include "actors/postgres_log/segment_tables.hpp"
#include "actors/postgres_log/statements.hpp"

namespace millrace::postgres_log {
namespace {

constexpr std::uint64_t first_checkpoint = 1;

Error taken(const Options& options, const std::string& holder) {
  std::string text =
      "the node " + options.node + " has a log in the schema " + options.schema + " already";
  if (holder.starts_with(moved_prefix)) text += ", which has " + holder;
  return {ErrorCode::foreign_file, text};
}

}  // namespace

PostgresCopyTarget::PostgresCopyTarget(const Options& options, Dsn dsn, std::string where)
    : options_(options),
      where_(std::move(where)),
      connector_(std::move(dsn), options.allow_unreplicated, options.connect_timeout,
                 options.patience) {}

Result<std::string> PostgresCopyTarget::where(const Options& options) {
  const auto dsn = Dsn::parse(options.dsn);
  if (!dsn) return dsn.error();
  return dsn->where() + ", schema " + options.schema + ", node " + options.node;
}

Result<std::unique_ptr<PostgresCopyTarget>> PostgresCopyTarget::open(const Options& options,
                                                                     std::uint64_t epoch) {
  if (const auto valid = validate(options); !valid) return valid.error();
  auto dsn = Dsn::parse(options.dsn);
  if (!dsn) return dsn.error();
  auto place = where(options);
  if (!place) return place.error();
  std::unique_ptr<PostgresCopyTarget> target{
      new PostgresCopyTarget(options, *std::move(dsn), *std::move(place))};
  auto session = target->connector_.connect(target->interrupt_);
  if (!session) return session.error();
  target->session_ = *std::move(session);
  if (auto begun = target->begin(epoch); !begun) return begun.error();
  return target;
}

PostgresCopyTarget::~PostgresCopyTarget() {
  if (!is_begun_) return;
  // Ends the transaction, and makes the seat what it was before.
  if (session_ != nullptr) session_->roll_back();
  session_.reset();
  const auto session = connector_.connect(interrupt_);
  if (!session) return;
  [[maybe_unused]] const auto cleared = (*session)->execute(
      "update " + owner_.schema + ".node set holder = '' where name = $1 and epoch = 0",
      {text(owner_.node)});
}

// Whoever wants to take the seat from now on waits for the copy. What follows is one transaction, whose lock
// keeps out a process that is about to take it.
Result<void> PostgresCopyTarget::begin(std::uint64_t epoch) {
  const std::string& schema = options_.schema;
  if (auto made = make_schema(*session_, schema, options_.cluster); !made) return made.error();
  if (auto added = add_seat(*session_, schema, options_.node); !added) return added;
  const std::string holder = "copied by " + options_.holder;
  const Result<Rows> awaited =
      session_->execute("update " + schema + ".node set holder = $2 where name = $1 and epoch = 0",
                        {text(options_.node), text(holder)});
  if (!awaited) return awaited.error();
  for (const char* sql :
       {"set idle_in_transaction_session_timeout = 0", "begin isolation level read committed"}) {
    if (const auto done = session_->execute(sql); !done) return done.error();
  }
  const auto seat = find_seat(*session_, schema, options_.node);
  if (!seat) return seat.error();
  if (!*seat) return Error{ErrorCode::log_unreachable, "the seat has vanished"};
  if (const auto locked = session_->execute("select pg_advisory_xact_lock($1::int4, $2::int4)",
                                            {number(lock_class(schema)), number((*seat)->number)});
      !locked) {
    return locked.error();
  }
  const Result<Rows> raised = session_->execute(
      "update " + schema +
          ".node set epoch = greatest($2::int8,"
          " (extract(epoch from clock_timestamp()) * 1000000)::int8), holder = $3, address = '',"
          " http = '', lease_until = null where name = $1 and epoch = 0 returning epoch",
      {text(options_.node), number(epoch), text(holder)});
  if (!raised) return raised.error();
  if (raised->size() != 1) return taken(options_, (*seat)->holder);
  is_begun_ = true;
  owner_ = {schema, options_.node, (*seat)->number,
            static_cast<std::uint64_t>((*raised)[0].number(0))};
  return set_kept(*session_, owner_, {});
}

Result<void> PostgresCopyTarget::open_segment(logs::Lsn first_lsn) {
  ++place_.segment;
  place_.segment_first_lsn = first_lsn;
  segment_bytes_ = 0;
  insert_sql_ = insert_statement(segment_table(owner_.schema, owner_.seat, place_.segment));
  return make_segment(*session_, owner_, place_.segment);
}

Result<logs::Place> PostgresCopyTarget::add(const logs::Frame& frame) {
  const std::uint64_t bytes = frame_bytes(frame.body.size());
  if (!group_.empty() && group_bytes_ + bytes > options_.group_bytes_max) {
    if (auto written = write_group(); !written) return written.error();
  }
  if (place_.segment == 0 || (group_.empty() && segment_bytes_ >= options_.segment_bytes)) {
    if (auto opened = open_segment(frame.lsn); !opened) return opened.error();
  }
  if (group_.empty()) place_.lsn = frame.lsn;
  if (spare_.empty()) spare_.push_back(std::make_shared<logs::Proposal>());
  std::shared_ptr<logs::Proposal> proposal = std::move(spare_.back());
  spare_.pop_back();
  proposal->shard = frame.shard;
  proposal->body.assign(frame.body);
  group_.push_back({frame.lsn, {}, std::move(proposal)});
  group_bytes_ += bytes;
  return logs::make_place(place_.segment,
                          static_cast<std::uint32_t>(frame.lsn - place_.segment_first_lsn));
}

Result<void> PostgresCopyTarget::write_group() {
  if (group_.empty()) return {};
  encode_row(group_, place_, place_.lsn - 1, row_);
  const auto written = session_->execute(
      insert_sql_, {number(place_.lsn), number(std::uint64_t{group_.size()}), bytes(row_)});
  if (!written) return written.error();
  for (logs::Committed& record : group_) spare_.push_back(std::move(record.proposal));
  group_.clear();
  group_bytes_ = 0;
  segment_bytes_ += row_.size();
  return {};
}

Result<void> PostgresCopyTarget::write_checkpoint(logs::Lsn replay_from,
                                                  const logs::CheckpointFill& fill) {
  if (auto written = write_group(); !written) return written;
  const auto added =
      add_checkpoint(*session_, {owner_.schema, owner_.seat, first_checkpoint}, replay_from, fill);
  if (!added) return added.error();
  return {};
}

Result<void> PostgresCopyTarget::prepare() {
  return write_group();
}

Result<void> PostgresCopyTarget::complete() {
  is_begun_ = false;
  Result<void> committed = session_->commit();
  // The source is given up next: a standby that was taken out meanwhile must not go unnoticed.
  if (committed) committed = connector_.check(*session_);
  if (committed || committed.error().code != ErrorCode::log_unreachable) return committed;
  Backoff backoff(options_.retry_min, options_.retry_max);
  const auto until = std::chrono::steady_clock::now() + options_.patience;
  while (std::chrono::steady_clock::now() < until) {
    [[maybe_unused]] const bool waited = backoff.wait(interrupt_);
    session_.reset();
    const Result<void> looked = look();
    if (looked || looked.error().code != ErrorCode::log_unreachable) return looked;
  }
  return committed;
}

// The lock waits for the end of the commit, if its server runs. A marker that is confirmed behind the log
// confirms the log, see commit_core.hpp.
Result<void> PostgresCopyTarget::look() {
  auto session = connector_.connect(interrupt_);
  if (!session) {
    connector_.leave_host();
    return Error{ErrorCode::log_unreachable, session.error().message};
  }
  (*session)->set_deadline(std::chrono::steady_clock::now() + options_.patience);
  if (const auto begun = (*session)->execute(begin_statement); !begun) return begun.error();
  const auto locked = (*session)->execute("select pg_advisory_xact_lock($1::int4, $2::int4)",
                                          {number(lock_class(owner_.schema)), number(owner_.seat)});
  if (!locked) return locked.error();
  const auto seat = find_seat(**session, owner_.schema, owner_.node);
  if (!seat) return seat.error();
  if (!*seat || (*seat)->epoch < owner_.epoch) {
    return Error{ErrorCode::storage_failed, "the server has not committed the copy"};
  }
  if (const auto marked = (*session)->execute(marker_statement); !marked) return marked.error();
  if (auto committed = (*session)->commit(); !committed) return committed;
  return connector_.check(**session);
}

}  // namespace millrace::postgres_log
