#include "actors/postgres_log/keeper.hpp"

#include <algorithm>
#include <utility>

#include "actors/postgres_log/checkpoint_store.hpp"
#include "actors/postgres_log/segment_tables.hpp"

namespace millrace::postgres_log {

Keeper::Keeper(const Options& options, const Owner& owner, SegmentNumber newest,
               Connector& connector, logs::Listener& listener)
    : options_(options),
      owner_(owner),
      connector_(connector),
      listener_(listener),
      newest_(newest),
      retry_after_(options.retry_min) {}

void Keeper::start(Writer& writer) {
  writer_ = &writer;
  thread_ = std::thread([this] { run(); });
}

void Keeper::stop(bool is_reachable) {
  {
    std::unique_lock lock(mutex_);
    is_stopping_ = true;
    changed_.notify_all();
    if (is_reachable && thread_.joinable()) {
      changed_.wait_for(lock, options_.stop_patience, [&] { return is_done_; });
    }
  }
  interrupt_.raise();
  if (thread_.joinable()) thread_.join();
}

void Keeper::notify() {
  {
    const std::lock_guard lock(mutex_);
    is_notified_ = true;
  }
  changed_.notify_all();
}

void Keeper::drop_segments(std::span<const SegmentNumber> segments) {
  {
    const std::lock_guard lock(mutex_);
    released_.insert(released_.end(), segments.begin(), segments.end());
    is_notified_ = true;
  }
  changed_.notify_all();
}

void Keeper::drop_checkpoints_before(std::uint64_t number) {
  {
    const std::lock_guard lock(mutex_);
    checkpoints_before_ = std::max(checkpoints_before_, number);
    is_notified_ = true;
  }
  changed_.notify_all();
}

void Keeper::run() {
  work_until_stopped();
  const std::lock_guard lock(mutex_);
  is_done_ = true;
  changed_.notify_all();
}

void Keeper::work_until_stopped() {
  while (true) {
    work();
    report_room();
    const auto until = next_at();
    std::unique_lock lock(mutex_);
    const auto is_due = [&] {
      return is_stopping_ || is_notified_;
    };
    if (until == Clock::time_point::max()) {
      changed_.wait(lock, is_due);
    } else {
      changed_.wait_until(lock, until, is_due);
    }
    is_notified_ = false;
    if (is_stopping_) return;
  }
}

Keeper::Clock::time_point Keeper::next_at() const {
  auto at = Clock::time_point::max();
  if (was_full_) at = std::min(at, report_at_);
  if (is_fenced_) return at;
  if (has_failed_) at = std::min(at, retry_at_);
  if (drop_at_ != Clock::time_point{}) at = std::min(at, drop_at_);
  return at;
}

void Keeper::work() {
  const auto now = Clock::now();
  if (is_fenced_ || (has_failed_ && now < retry_at_)) return;
  if (!has_work()) return;
  const Result<Session*> session = ensure_session();
  Result<void> done = session ? Result<void>{} : Result<void>(session.error());
  if (done) done = make_segments(**session);
  // What is dropped makes room for tables to come.
  if (done || (session && done.error().code == ErrorCode::storage_full)) {
    const Result<void> dropped = drop_released(**session);
    if (done) done = dropped;
  }
  has_failed_ = !done;
  if (done) {
    retry_after_ = options_.retry_min;
  } else {
    on_failed(done.error());
  }
}

bool Keeper::has_work() {
  const auto now = Clock::now();
  if (has_failed_ || writer_->segments_ready() < segments_ahead) return true;
  const std::lock_guard lock(mutex_);
  return (!released_.empty() || checkpoints_before_ != 0) && now >= drop_at_;
}

Result<Session*> Keeper::ensure_session() {
  if (session_ == nullptr || !session_->is_usable()) {
    session_.reset();
    auto session = connector_.connect(interrupt_);
    if (!session) return session.error();
    session_ = *std::move(session);
  }
  return session_.get();
}

Result<void> Keeper::make_segments(Session& session) {
  while (writer_->segments_ready() < segments_ahead) {
    // A table of this number may be there from an attempt whose answer was lost.
    const auto made =
        run_owned(session, owner_, [&] { return make_segment(session, owner_, newest_ + 1); });
    if (!made) return made;
    writer_->set_segments_full(false);
    writer_->add_segment(++newest_);
  }
  return {};
}

Result<void> Keeper::drop_released(Session& session) {
  if (Clock::now() < drop_at_) return {};
  drop_at_ = {};
  std::uint64_t checkpoints_before = 0;
  std::deque<SegmentNumber> released;
  {
    const std::lock_guard lock(mutex_);
    checkpoints_before = std::exchange(checkpoints_before_, 0);
    released.swap(released_);
  }
  Result<void> dropped;
  if (checkpoints_before != 0) {
    dropped = postgres_log::drop_checkpoints_before(session, owner_, checkpoints_before);
    if (dropped) checkpoints_before = 0;
  }
  // In their order, so that what is left is the end of the log.
  while (dropped && !released.empty()) {
    dropped = drop_segment(session, owner_, released.front());
    if (dropped) released.pop_front();
  }
  if (dropped) return {};
  {
    const std::lock_guard lock(mutex_);
    released_.insert(released_.begin(), released.begin(), released.end());
    checkpoints_before_ = std::max(checkpoints_before_, checkpoints_before);
  }
  drop_at_ = Clock::now() + drop_retry;
  if (session.is_usable() && dropped.error().code == ErrorCode::log_unreachable) return {};
  return dropped;
}

// The writer tells the listener of an outage; here it is only waited for.
void Keeper::on_failed(const Error& error) {
  retry_at_ = Clock::now() + retry_after_;
  switch (error.code) {
    case ErrorCode::fenced:
      is_fenced_ = true;
      writer_->look();
      return;
    case ErrorCode::storage_full:
      writer_->set_segments_full(true);
      retry_at_ = Clock::now() + options_.full_retry;
      return;
    default:
      session_.reset();
      retry_after_ = std::min(retry_after_ * 2, options_.retry_max);
  }
}

void Keeper::report_room() {
  const bool is_full = writer_->is_full();
  if (is_full && (!was_full_ || Clock::now() >= report_at_)) {
    report_at_ = Clock::now() + options_.full_retry;
    was_full_ = true;
    listener_.on_storage_full();
  }
  if (!is_full && std::exchange(was_full_, false)) listener_.on_storage_free();
}

}  // namespace millrace::postgres_log
