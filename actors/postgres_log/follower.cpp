#include "actors/postgres_log/follower.hpp"

#include <algorithm>

#include "actors/postgres_log/core/names.hpp"
#include "actors/postgres_log/core/row_format.hpp"
#include "actors/postgres_log/core/seat_choice.hpp"
#include "actors/postgres_log/core/sql_state.hpp"
#include "actors/postgres_log/server_run.hpp"
#include "actors/postgres_log/tables.hpp"

namespace millrace::postgres_log {

PostgresFollower::PostgresFollower(Options options, Connector& connector,
                                   std::chrono::milliseconds interval)
    : options_(std::move(options)), connector_(connector), interval_(interval), retry_(interval) {}

bool PostgresFollower::wait_until_due() {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(next_at_ - Clock::now());
  if (left.count() <= 0) return !interrupt_.is_raised();
  return pause(interrupt_, left);
}

Result<bool> PostgresFollower::advance(logs::FollowVisitor& visitor) {
  const Error cancelled{ErrorCode::draining, "the log is not followed any more"};
  if (!wait_until_due()) return cancelled;
  const auto found = look();
  if (!found) {
    session_.reset();
    if (interrupt_.is_raised()) return cancelled;
    next_at_ = Clock::now() + retry_;
    retry_ = std::min(retry_ * 2, std::max(options_.retry_max, interval_));
    // What the server refuses may be mended, as a server that cannot be reached.
    return Error{ErrorCode::log_unreachable, found.error().message};
  }
  retry_ = interval_;
  auto visited = visit(*found, visitor);
  const auto now = Clock::now();
  if (!visited) {
    core_.forget();
    next_at_ = now + anew_pause;
    return visited;
  }
  next_at_ = *visited ? Clock::time_point{} : now + interval_;
  if (*visited) last_new_at_ = now;
  if (now >= last_new_at_ + options_.patience) look_elsewhere();
  return visited;
}

// A former primary that runs on shows nothing new for ever.
void PostgresFollower::look_elsewhere() {
  last_new_at_ = Clock::now();
  if (connector_.is_in_vain(session_->server(), 0, interrupt_)) session_.reset();
}

Result<void> PostgresFollower::connect() {
  if (session_ != nullptr && session_->is_usable()) return {};
  session_.reset();
  auto session = connector_.connect(interrupt_);
  if (!session) return session.error();
  const auto reads_system = may_read_system(**session);
  if (!reads_system) return reads_system.error();
  reads_system_ = *reads_system;
  session_ = *std::move(session);
  return {};
}

Result<PostgresFollower::Found> PostgresFollower::look() {
  if (auto connected = connect(); !connected) return connected.error();
  auto found = look_in_transaction();
  // A table that was released meanwhile is no fault: the next look finds what took its place.
  if (!found && session_->is_usable() && session_->state() == undefined_table) found = Found{};
  session_->roll_back();
  return found;
}

Result<PostgresFollower::Found> PostgresFollower::look_in_transaction() {
  const auto begun = session_->execute("begin isolation level read committed read only");
  if (!begun) return begun.error();
  Found found;
  const auto view = read_view();
  if (!view && session_->state() == undefined_table) {
    found.plan = {FollowPlan::Task::wait, "there is no schema " + options_.schema};
    return found;
  }
  if (!view) return view.error();
  found.view = *view;
  found.plan = core_.plan(found.view);
  if (found.plan.task == FollowPlan::Task::parts) {
    auto parts = session_->execute(
        "select bytes from " +
            checkpoint_table(options_.schema, found.view.seat, core_.checkpoint()) +
            " where part >= $1::int4 order by part limit $2::int8",
        {number(core_.parts_read()), number(step_parts)});
    if (!parts && session_->state() == undefined_table &&
        found.view.checkpoint != core_.checkpoint()) {
      found.plan = {FollowPlan::Task::begin, "its checkpoint was replaced while it was read"};
      return found;
    }
    if (!parts) return parts.error();
    found.parts = *std::move(parts);
  }
  if (found.plan.task == FollowPlan::Task::rows) {
    if (auto read = read_rows(found); !read) return read.error();
  }
  return found;
}

Result<FollowView> PostgresFollower::read_view() {
  const Result<Rows> rows =
      session_->execute("select " + server_run_expression(options_.schema, reads_system_) +
                            ", coalesce(n.number, 0)::int8, coalesce(n.epoch, 0),"
                            " coalesce(starts_with(n.holder, $2), false), coalesce(c.number, 0),"
                            " coalesce(c.parts, 0)::int8, coalesce(c.replay_from, 1)"
                            " from (select 1) one left join " +
                            options_.schema + ".node n on n.name = $1 left join " +
                            options_.schema + ".checkpoint c on c.node = n.number",
                        {text(options_.node), text(std::string(moved_prefix))});
  if (!rows) return rows.error();
  const RowView row = (*rows)[0];
  return FollowView{.run = row.text(0),
                    .seat = static_cast<std::int32_t>(row.number(1)),
                    .epoch = static_cast<std::uint64_t>(row.number(2)),
                    .has_moved = row.number(3) != 0,
                    .checkpoint = static_cast<std::uint64_t>(row.number(4)),
                    .parts = static_cast<std::uint32_t>(row.number(5)),
                    .replay_from = static_cast<Lsn>(row.number(6))};
}

// The rows from the next record on, of one segment: the first that has any.
Result<void> PostgresFollower::read_rows(Found& found) {
  const auto tables = list_tables(*session_, options_.schema, segment_prefix(found.view.seat));
  if (!tables) return tables.error();
  std::vector<SegmentNumber> segments(tables->begin(), tables->end());
  std::sort(segments.begin(), segments.end());
  SegmentNumber first = core_.segment();
  if (first == 0) {
    const auto holding = find_segment(found.view.seat, segments);
    if (!holding) return holding.error();
    if (*holding == 0) return {};
    first = *holding;
  }
  for (const SegmentNumber segment : segments) {
    if (segment < first) continue;
    const std::string table = segment_table(options_.schema, found.view.seat, segment);
    // The first record may lie within a row; later ones do not.
    const std::string from = core_.segment() != 0 ? "$1::int8"
                                                  : "coalesce((select max(lsn) from " + table +
                                                        " where lsn <= $1::int8), 0)";
    auto rows = session_->execute(
        "select lsn, count::int8, frames from (select lsn, count, frames,"
        " sum(octet_length(frames)) over (order by lsn) - octet_length(frames) as before"
        " from (select lsn, count, frames from " +
            table + " where lsn >= " + from +
            " order by lsn limit $2::int8) next_rows) sized where before < $3::int8 order by lsn",
        {number(core_.next()), number(step_rows), number(step_bytes)});
    if (!rows) return rows.error();
    if (rows->size() == 0) continue;
    found.segment = segment;
    found.rows = *std::move(rows);
    return {};
  }
  return {};
}

// The newest segment that begins at the next record or before; 0: there is none.
Result<SegmentNumber> PostgresFollower::find_segment(std::int32_t seat,
                                                     const std::vector<SegmentNumber>& segments) {
  for (auto at = segments.rbegin(); at != segments.rend(); ++at) {
    const Result<Rows> rows = session_->execute("select coalesce(min(lsn), 0) from " +
                                                segment_table(options_.schema, seat, *at));
    if (!rows) return rows.error();
    const auto lsn = static_cast<Lsn>((*rows)[0].number(0));
    if (lsn != 0 && lsn <= core_.next()) return *at;
  }
  return SegmentNumber{0};
}

Result<bool> PostgresFollower::visit(const Found& found, logs::FollowVisitor& visitor) {
  switch (found.plan.task) {
    case FollowPlan::Task::wait:
      if (!core_.is_begun() || found.plan.reason.empty()) return false;
      core_.forget();
      if (auto restarted = visitor.restart(found.plan.reason, nullptr); !restarted) {
        return restarted.error();
      }
      files_.reset();
      return false;
    case FollowPlan::Task::begin:
      if (auto begun = begin(found.view, found.plan.reason, visitor); !begun) return begun.error();
      return true;
    case FollowPlan::Task::parts:
      return visit_parts(*found.parts, visitor);
    case FollowPlan::Task::rows:
      break;
  }
  if (found.rows) {
    auto visited = visit_rows(found, visitor);
    if (!visited || *visited) return visited;
  }
  if (!core_.is_released(found.view)) return false;
  const std::string reason = "records behind " + std::to_string(core_.next() - 1) +
                             " were released before they were followed";
  if (auto begun = begin(found.view, reason, visitor); !begun) return begun.error();
  return true;
}

Result<void> PostgresFollower::begin(const FollowView& view, const std::string& reason,
                                     logs::FollowVisitor& visitor) {
  auto files = std::make_unique<StoredFiles>(
      options_, Owner{options_.schema, options_.node, view.seat, view.epoch}, connector_,
      interrupt_);
  auto restarted = visitor.restart(reason, files.get());
  files_ = std::move(files);
  core_.begin(view);
  decoder_.emplace(view.checkpoint);
  return restarted;
}

Result<bool> PostgresFollower::visit_parts(const Rows& parts, logs::FollowVisitor& visitor) {
  const logs::EntryVisitor on_entry = [&](logs::Section section, std::string_view bytes) {
    return visitor.on_entry(section, bytes);
  };
  for (int i = 0; i < parts.size(); ++i) {
    if (auto added = decoder_->add(parts[i].bytes(0), on_entry); !added) return added.error();
  }
  if (parts.size() == 0) {
    return Error{ErrorCode::corrupt, "checkpoint " + std::to_string(core_.checkpoint()) +
                                         ": part " + std::to_string(core_.parts_read()) +
                                         " is missing"};
  }
  core_.on_parts(static_cast<std::uint32_t>(parts.size()));
  if (!core_.is_complete()) return true;
  if (auto finished = decoder_->finish(); !finished) return finished.error();
  return true;
}

Result<bool> PostgresFollower::visit_rows(const Found& found, logs::FollowVisitor& visitor) {
  const logs::FrameVisitor on_frame = [&](const Frame& frame) {
    return visitor.on_frame(frame);
  };
  bool is_new = false;
  for (int i = 0; i < found.rows->size(); ++i) {
    const RowView read = (*found.rows)[i];
    const Row row{found.segment, static_cast<Lsn>(read.number(0)),
                  static_cast<std::uint32_t>(read.number(1)), read.bytes(2)};
    if (!core_.takes(row.lsn, row.count)) {
      if (row.lsn + row.count <= core_.next()) continue;
      break;  // behind a gap
    }
    if (auto visited = visit_row(row, core_.next(), on_frame); !visited) return visited.error();
    core_.on_row(row.segment, row.lsn, row.count);
    is_new = true;
  }
  return is_new;
}

}  // namespace millrace::postgres_log
