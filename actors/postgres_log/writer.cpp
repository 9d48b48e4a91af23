#include "actors/postgres_log/writer.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include <poll.h>

#include "actors/postgres_log/core/names.hpp"
#include "actors/postgres_log/core/row_format.hpp"
#include "actors/postgres_log/core/sql_state.hpp"
#include "actors/postgres_log/schema.hpp"
#include "actors/postgres_log/segment_tables.hpp"
#include "actors/postgres_log/statements.hpp"

namespace millrace::postgres_log {

Writer::Writer(const Options& options, const Owner& owner, Lsn last_lsn, Connector& connector,
               Interrupt& interrupt, SegmentMap& segments, logs::Listener& listener,
               std::function<void()> notify_keeper)
    : options_(options),
      owner_(owner),
      connector_(connector),
      interrupt_(interrupt),
      segments_(segments),
      listener_(listener),
      notify_keeper_(std::move(notify_keeper)),
      fence_sql_(fence_statement(owner.schema)),
      lock_class_(lock_class(owner.schema)),
      core_(last_lsn, options.groups_max, options.segment_bytes),
      lanes_(options.groups_max),
      confirmed_lsn_(last_lsn),
      reachability_(listener, options.patience, options.tell_interval) {}

Writer::~Writer() {
  stop();
}

void Writer::start() {
  core_.on_session_lost();  // the first look connects the sessions
  thread_ = std::thread([this] { run(); });
}

void Writer::stop() {
  {
    std::unique_lock lock(mutex_);
    is_stopping_ = true;
    wake_.raise();
    const auto began = Clock::now();
    const auto bound = std::min(options_.patience, options_.stop_patience);
    constexpr std::chrono::milliseconds step{5};
    while (thread_.joinable() && !is_done_) {
      const auto waited = Clock::now() - began;
      if (is_full() || waited > options_.stop_patience) break;
      if (!reachability_.is_reachable() && waited > bound) break;
      done_.wait_for(lock, step);
    }
  }
  interrupt_.raise();
  if (thread_.joinable()) thread_.join();
}

Result<void> Writer::append(std::span<std::shared_ptr<logs::Proposal>> proposals) {
  {
    const std::lock_guard lock(mutex_);
    if (failure_) return Error{failure_->code, "the log has failed: " + failure_->message};
    if (is_stopping_) return Error{ErrorCode::draining, "the log was stopped"};
    for (const auto& proposal : proposals) {
      const std::size_t bytes = proposal->body.size();
      if (bytes <= options_.record_bytes_max) continue;
      return Error{ErrorCode::too_large,
                   "a record of " + std::to_string(bytes) + " bytes; at most " +
                       std::to_string(options_.record_bytes_max) + " are allowed"};
    }
    if (appended_.empty()) appended_at_ = Clock::now();
    appended_.insert(appended_.end(), std::make_move_iterator(proposals.begin()),
                     std::make_move_iterator(proposals.end()));
  }
  wake_.raise();
  return {};
}

void Writer::add_segment(SegmentNumber segment) {
  {
    const std::lock_guard lock(mutex_);
    ready_.push_back(segment);
  }
  wake_.raise();
}

void Writer::look() {
  {
    const std::lock_guard lock(mutex_);
    must_look_ = true;
  }
  wake_.raise();
}

std::size_t Writer::segments_ready() const {
  const std::lock_guard lock(mutex_);
  return ready_.size();
}

std::string Writer::table_of(SegmentNumber segment) const {
  return segment_table(owner_.schema, owner_.seat, segment);
}

void Writer::run() {
  while (!interrupt_.is_raised()) {
    const bool is_stopping = take_pending();
    confirm();
    watch_patience();
    if (core_.may_settle() && !settle()) break;
    confirm();
    form_groups();
    if (is_stopping && pending_.empty() && core_.unconfirmed() == 0 && take_pending() &&
        pending_.empty()) {
      break;
    }
    wait_for_events();
  }
  lanes_.clear();
  const std::lock_guard lock(mutex_);
  is_done_ = true;
  done_.notify_all();
}

// Returns whether the log stops: nothing more is appended then.
bool Writer::take_pending() {
  wake_.clear();
  const std::lock_guard lock(mutex_);
  if (std::exchange(must_look_, false)) core_.on_session_lost();
  if (!appended_.empty()) {
    if (pending_.empty()) pending_at_ = appended_at_;
    pending_.insert(pending_.end(), std::make_move_iterator(appended_.begin()),
                    std::make_move_iterator(appended_.end()));
    appended_.clear();
  }
  return is_stopping_;
}

void Writer::form_groups() {
  for (Lane& lane : lanes_) {
    if (pending_.empty() || !core_.may_begin()) return;
    if (lane.session == nullptr || lane.group) continue;
    if (!ensure_segment(frame_bytes(pending_.front()->body.size()))) return;
    form_group(lane);
  }
}

// Whether a segment with room for `bytes` is open: a new one takes any group.
bool Writer::ensure_segment(std::uint64_t bytes) {
  if (core_.segment() != 0 && bytes <= core_.segment_room()) return true;
  {
    const std::lock_guard lock(mutex_);
    if (ready_.empty()) {
      if (!segment_since_) segment_since_ = Clock::now();
      return false;
    }
    core_.open_segment(ready_.front());
    ready_.pop_front();
  }
  segment_since_.reset();
  notify_keeper_();
  return true;
}

void Writer::form_group(Lane& lane) {
  const std::uint64_t bytes_max =
      std::min<std::uint64_t>(options_.group_bytes_max, core_.segment_room());
  Group group;
  group.appended_at = pending_at_;
  std::uint64_t bytes = 0;
  while (!pending_.empty()) {
    const std::uint64_t next = frame_bytes(pending_.front()->body.size());
    if (!group.records.empty() && bytes + next > bytes_max) break;
    bytes += next;
    group.records.push_back({0, {}, std::move(pending_.front())});
    pending_.pop_front();
  }
  if (!spare_rows_.empty()) {
    group.row = std::move(spare_rows_.back());
    spare_rows_.pop_back();
  }
  const GroupNumber number = core_.begin(static_cast<std::uint32_t>(group.records.size()), bytes);
  const GroupSpan& span = core_.span(number);
  encode_row(group.records, {span.segment, span.segment_first_lsn, span.first_lsn},
             core_.confirmed_lsn(), group.row);
  groups_.push_back(std::move(group));
  send(lane, number);
}

void Writer::send(Lane& lane, GroupNumber number) {
  const GroupSpan& span = core_.span(number);
  Group& sent = group(number);
  if (insert_segment_ != span.segment) {
    insert_segment_ = span.segment;
    insert_sql_ = insert_statement(table_of(span.segment));
  }
  Session& session = *lane.session;
  const std::array lock{postgres_log::number(lock_class_), postgres_log::number(owner_.seat)};
  const std::array fence{text(owner_.node), postgres_log::number(owner_.epoch)};
  const std::array insert{postgres_log::number(span.first_lsn), postgres_log::number(span.count),
                          bytes(sent.row)};
  lane.group = number;
  lane.sent_at = sent.sent_at = Clock::now();
  const bool is_sent =
      session.add(begin_statement, {}) && session.add(lock_statement, lock) &&
      session.add(fence_sql_.c_str(), fence) && session.add(insert_sql_.c_str(), insert) &&
      session.add(commit_statement, {}) &&
      session.add(options_.allow_unreplicated ? unreplicated_promise_statement : promise_statement,
                  {}) &&
      session.send_group(6);
  if (!is_sent) on_group_failed(lane, {false, {}, "the connection is broken"});
}

void Writer::wait_for_events() {
  std::vector<pollfd> fds{{wake_.fd(), POLLIN, 0}, {interrupt_.fd(), POLLIN, 0}};
  std::vector<Lane*> polled;
  auto wake_at = Clock::time_point::max();
  for (Lane& lane : lanes_) {
    if (lane.session == nullptr) continue;
    const bool writes = lane.group && lane.session->wants_to_write();
    fds.push_back({lane.session->fd(), static_cast<short>(POLLIN | (writes ? POLLOUT : 0)), 0});
    polled.push_back(&lane);
    if (lane.group && reachability_.is_reachable()) {
      wake_at = std::min(wake_at, lane.sent_at + options_.patience);
    }
  }
  if (silent_since_) wake_at = std::min(wake_at, *silent_since_ + options_.patience);
  if (segment_since_ && reachability_.is_reachable()) {
    wake_at = std::min(wake_at, *segment_since_ + options_.patience);
  }
  if (settle_since_) wake_at = std::min(wake_at, *settle_since_ + options_.patience);
  int timeout = -1;
  if (core_.may_settle()) {
    timeout = 0;
  } else if (wake_at != Clock::time_point::max()) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(wake_at - Clock::now());
    timeout = static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 60'000));
  }
  if (poll(fds.data(), fds.size(), timeout) <= 0) return;
  for (std::size_t i = 0; i < polled.size(); ++i) {
    if (fds[i + 2].revents != 0) on_event(*polled[i]);
  }
}

void Writer::on_event(Lane& lane) {
  if (!lane.group) {
    if (!lane.session->is_idle_broken()) return;
    lane.session.reset();
    core_.on_session_lost();
    return;
  }
  const auto end = lane.session->poll_group();
  if (!end) return;
  if (!end->is_committed) {
    on_group_failed(lane, *end);
    return;
  }
  const Group& written = group(*lane.group);
  counters_.sync.add(Clock::now() - written.sent_at);
  counters_.bytes += written.row.size();
  ++counters_.syncs;
  core_.on_written(*lane.group);
  lane.group.reset();
}

// Whatever the reason: what is in the log, the next look tells. Reported is only a lost connection,
// where the look will take its time; else the look reports what it finds.
void Writer::on_group_failed(Lane& lane, const GroupEnd& end) {
  if (end.state.empty()) reachability_.lost({ErrorCode::log_unreachable, end.message});
  ++doubts_;
  ++in_doubt_;
  core_.on_lost(*lane.group);
  lane.group.reset();
  lane.session.reset();
}

void Writer::watch_patience() {
  const auto now = Clock::now();
  if (core_.must_settle() && !settle_since_) settle_since_ = now;
  if (settle_since_ && now >= *settle_since_ + options_.patience) drop_silent_lanes();
  // The making of a table waits for the standby as well; without room it waits for that.
  bool is_silent = segment_since_ && now >= *segment_since_ + options_.patience && !is_full();
  for (const Lane& lane : lanes_) {
    if (lane.group && now >= lane.sent_at + options_.patience) is_silent = true;
  }
  if (is_silent) {
    reachability_.lost({ErrorCode::log_unreachable,
                        "commits are not answered: is a synchronous standby missing?"});
    if (!silent_since_) silent_since_ = now - options_.patience;
    if (now >= *silent_since_ + options_.patience) look_elsewhere();
    return;
  }
  silent_since_.reset();
  if (!core_.must_settle()) {
    reachability_.found();
  }
}

// The server may be paused, or cut off from its standby, while the standby was made the primary; or the
// answer was lost between. Else, to ask the same server again would only leave one more session there that
// waits.
void Writer::look_elsewhere() {
  const auto now = silent_since_.emplace(Clock::now());
  std::int32_t backend = 0;
  for (const Lane& lane : lanes_) {
    if (lane.group && now >= lane.sent_at + options_.patience) backend = lane.session->backend();
  }
  if (!connector_.is_in_vain(server_, backend, interrupt_)) return;
  drop_silent_lanes();
  core_.on_session_lost();
}

// One session was lost, and the others wait too long for an answer: from a server that is dead, perhaps.
void Writer::drop_silent_lanes() {
  for (Lane& lane : lanes_) {
    if (lane.group) on_group_failed(lane, {false, {}, "a commit is not answered"});
  }
}

void Writer::confirm() {
  while (core_.unconfirmed() > 0) {
    const GroupSpan span = core_.span(core_.first_unconfirmed());
    if (!core_.take_confirmed()) return;
    Group group = std::move(groups_.front());
    groups_.pop_front();
    segments_.note_group(span.segment, span.segment_first_lsn, span.bytes);
    confirmed_lsn_ = span.last_lsn();
    counters_.records += span.count;
    counters_.append.add(Clock::now() - group.appended_at);
    listener_.on_committed(group.records);
    if (spare_rows_.size() < options_.groups_max) spare_rows_.push_back(std::move(group.row));
  }
}

// Returns false when the thread ends: the log has failed, or the interrupt was raised.
bool Writer::settle() {
  for (Lane& lane : lanes_) lane.session.reset();
  Backoff backoff(options_.retry_min, options_.retry_max);
  while (true) {
    const Result<void> settled = settle_once();
    if (settled) break;
    if (!on_settle_failed(settled.error(), backoff)) return false;
  }
  settle_since_.reset();
  is_full_ = false;
  core_.on_settled();
  in_doubt_ = 0;
  reachability_.found();
  return true;
}

Result<void> Writer::settle_once() {
  std::vector<std::unique_ptr<Session>> sessions;
  while (sessions.size() < lanes_.size()) {
    auto session = connector_.connect(interrupt_);
    if (!session) return session.error();
    sessions.push_back(*std::move(session));
  }
  Session& session = *sessions.front();
  server_ = session.server();
  Result<void> repaired = run_owned(session, owner_, [&] { return look_and_repair(session); });
  if (repaired) repaired = connector_.check(session);
  for (auto& one : sessions) {
    if (!repaired) break;
    repaired = one->enter_pipeline();
  }
  if (!repaired) {
    switch (retry_of(repaired.error().code, session.state())) {
      case SettleRetry::at_once:
        return Error{ErrorCode::out_of_order, repaired.error().message};
      case SettleRetry::elsewhere:
        connector_.leave_host();
        return repaired;
      case SettleRetry::here:
        return repaired;
    }
  }
  for (std::size_t i = 0; i < lanes_.size(); ++i) lanes_[i].session = std::move(sessions[i]);
  return {};
}

// In one transaction of one server: what is seen, written again and marked is durable by its commit.
Result<void> Writer::look_and_repair(Session& session) {
  if (auto checked = check_confirmed(session); !checked) return checked;
  if (core_.unconfirmed() == 0 && reachability_.is_reachable()) return {};
  const auto seen = see_rows(session);
  if (!seen) return seen.error();
  const auto missing = core_.missing(*seen);
  if (!missing) return missing.error();
  for (const GroupNumber number : *missing) {
    const GroupSpan& span = core_.span(number);
    const auto written =
        session.execute(insert_statement(table_of(span.segment)),
                        {postgres_log::number(span.first_lsn), postgres_log::number(span.count),
                         bytes(group(number).row)});
    if (!written) return written.error();
  }
  const auto marked = session.execute(marker_statement);
  if (!marked) return marked.error();
  return {};
}

// A server that lacks what was confirmed is not the one that has confirmed it, nor its heir.
Result<void> Writer::check_confirmed(Session& session) {
  const Lsn confirmed = core_.confirmed_lsn();
  const SegmentNumber segment = confirmed == 0 ? 0 : segments_.segment_holding(confirmed);
  if (segment == 0) return {};
  const std::string table = table_of(segment);
  const auto rows = session.execute(
      "select lsn + count from " + table + " where lsn <= $1::int8 order by lsn desc limit 1",
      {number(confirmed)});
  if (!rows && session.state() != undefined_table) return rows.error();
  if (rows && rows->size() == 1 && static_cast<Lsn>((*rows)[0].number(0)) > confirmed) return {};
  return Error{ErrorCode::not_found,
               "the server lacks record " + std::to_string(confirmed) + ", which was confirmed"};
}

Result<std::vector<SeenRow>> Writer::see_rows(Session& session) {
  std::vector<SeenRow> seen;
  SegmentNumber last = 0;
  for (GroupNumber number = core_.first_unconfirmed();
       number < core_.first_unconfirmed() + core_.unconfirmed(); ++number) {
    const SegmentNumber segment = core_.span(number).segment;
    if (segment == std::exchange(last, segment)) continue;
    const std::string table = table_of(segment);
    // The table may be lost with a failover that its making was not waited for.
    if (auto made = make_segment(session, owner_, segment); !made) return made.error();
    const auto rows = session.execute(
        "select lsn, count::int8 from " + table + " where lsn >= $1::int8 order by lsn",
        {postgres_log::number(core_.span(core_.first_unconfirmed()).first_lsn)});
    if (!rows) return rows.error();
    for (int i = 0; i < rows->size(); ++i) {
      seen.push_back({static_cast<Lsn>((*rows)[i].number(0)),
                      static_cast<std::uint32_t>((*rows)[i].number(1))});
    }
  }
  return seen;
}

bool Writer::on_settle_failed(const Error& error, Backoff& backoff) {
  switch (error.code) {
    case ErrorCode::draining:
      return false;
    case ErrorCode::out_of_order:
      return !interrupt_.is_raised();
    case ErrorCode::fenced:
    case ErrorCode::corrupt:
    case ErrorCode::storage_failed:
      fail(error);
      return false;
    case ErrorCode::storage_full:
      is_full_ = true;
      notify_keeper_();
      return pause(interrupt_, options_.full_retry);
    default:
      reachability_.lost(error);
      return backoff.wait(interrupt_);
  }
}

void Writer::fail(const Error& error) {
  {
    const std::lock_guard lock(mutex_);
    failure_ = error;
    appended_.clear();
  }
  pending_.clear();
  listener_.on_failed(error);
}

}  // namespace millrace::postgres_log
