#include "actors/journal/write/group_commit.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "actors/base/assert.hpp"

namespace millrace::journal {
namespace {

/// If room is short, a group is formed only when its records have waited this long or have this
/// many bytes. A group takes whole blocks, so many small groups would waste the reserve.
constexpr std::chrono::milliseconds short_room_delay{10};
constexpr std::uint64_t short_room_bytes = 64U << 10;

}  // namespace

GroupCommit::GroupCommit(const Options& options, Lsn last_lsn,
                         std::vector<SegmentNumber> superseded, SegmentTable& segments,
                         SegmentPool& pool, DurablePointWriter& durable_point, Listener& listener)
    : options_(options),
      segments_(segments),
      pool_(pool),
      durable_point_(durable_point),
      listener_(listener),
      tail_(last_lsn),
      slots_(options.groups_max),
      superseded_(std::move(superseded)),
      durable_(last_lsn) {}

GroupCommit::~GroupCommit() {
  stop();
}

void GroupCommit::start() {
  for (std::size_t i = 0; i < options_.groups_max; ++i) {
    flushers_.emplace_back([this] { run(); });
  }
}

void GroupCommit::stop() {
  {
    const Lock lock{mutex_};
    is_stopping_ = true;
    is_reserve_open_ = true;
  }
  work_.notify_all();
  for (std::thread& flusher : flushers_) flusher.join();
  const bool is_first = !flushers_.empty();
  flushers_.clear();
  if (!is_first || failure_ || noted_segment_ == 0) return;
  // Whatever is lost of the newest segment while the node is stopped is noticed. Without it an
  // older point stays true, so that a failure does no harm.
  [[maybe_unused]] const Result<void> noted =
      durable_point_.write(noted_segment_, noted_first_lsn_, durable());
}

void GroupCommit::open_reserve() {
  {
    const Lock lock{mutex_};
    is_reserve_open_ = true;
  }
  work_.notify_all();
}

Result<void> GroupCommit::append(std::span<std::shared_ptr<Proposal>> proposals) {
  for (const std::shared_ptr<Proposal>& proposal : proposals) {
    const std::size_t length = proposal->body.size();
    if (length > options_.record_bytes_max) {
      return Error{ErrorCode::too_large, "record of " + std::to_string(length) +
                                             " bytes; expected at most " +
                                             std::to_string(options_.record_bytes_max)};
    }
  }
  bool notify = false;
  {
    const Lock lock{mutex_};
    if (failure_) return Error{ErrorCode::storage_failed, failure_->message};
    if (is_stopping_) return Error{ErrorCode::draining, "the journal is stopping"};
    const bool makes_room = !proposals.empty() && proposals.front()->makes_room;
    (makes_room ? makes_room_ : ordinary_).add(proposals);
    // One flusher is enough: it takes all, or notifies another one if records remain.
    notify = waiting_ > 0 && !is_notified_ && groups_in_flight() < slots_.size();
    if (notify) is_notified_ = true;
  }
  if (notify) work_.notify_one();
  return {};
}

void GroupCommit::run() {
  AlignedBuffer buffer;
  Lock lock{mutex_};
  while (Group* group = next_group(lock)) {
    lock.unlock();
    const Result<void> written = write(*group, buffer);
    lock.lock();
    if (!written) {
      lock.unlock();
      fail(written.error());
      return;
    }
    group->is_written = true;
    confirm(lock);
  }
  lock.unlock();
  work_.notify_all();
}

/// Waits until a group can be formed, and forms it. Null: stopped with everything written, stopped
/// with a full disk, or failed.
Group* GroupCommit::next_group(Lock& lock) {
  while (!failure_) {
    const bool may_write = groups_in_flight() < slots_.size();
    const bool quiet = groups_in_flight() == 0 && !has_pending();
    if (quiet && is_stopping_ && !needs_mark()) return nullptr;
    const bool mark = quiet && needs_mark() && (is_stopping_ || !is_mark_awaited_);
    if (mark && !is_stopping_ && !wait_until_idle(lock)) continue;
    if (may_write && has_pending() && !wait_for_more_records(lock)) continue;
    if (mark || (may_write && has_pending())) {
      if (mark && ensure_room(frame_bytes(0), Kind::ordinary)) return form_mark();
      if (PendingRecords* const pending = next_pending()) return form_group(*pending);
      if (is_stopping_ && pool_.is_full()) return nullptr;
    }
    wait(lock);
  }
  return nullptr;
}

void GroupCommit::wait(Lock& lock) {
  ++waiting_;
  work_.wait(lock);  // may return for any reason: the caller checks every condition again
  --waiting_;
  is_notified_ = false;
}

/// Waits for idle_mark_after. Returns whether no record was appended, no group formed and nothing
/// failed in that time.
bool GroupCommit::wait_until_idle(Lock& lock) {
  const std::uint64_t groups_before = groups_formed_;
  is_mark_awaited_ = true;
  ++waiting_;
  const std::cv_status status = work_.wait_for(lock, options_.idle_mark_after);
  --waiting_;
  is_mark_awaited_ = false;
  is_notified_ = false;  // even after a timeout: a notification may have arrived with it
  return status == std::cv_status::timeout && !failure_ && groups_formed_ == groups_before &&
         !has_pending();
}

/// If room is short and few ordinary records are pending, waits for more. Returns true if it did
/// not wait; after a wait the caller checks every condition again.
bool GroupCommit::wait_for_more_records(Lock& lock) {
  if (is_stopping_ || !makes_room_.is_empty() || ordinary_.bytes() >= short_room_bytes ||
      !pool_.is_short()) {
    return true;
  }
  const Clock::time_point until = ordinary_.since() + short_room_delay;
  if (Clock::now() >= until) return true;
  ++waiting_;
  work_.wait_until(lock, until);
  --waiting_;
  is_notified_ = false;
  return false;
}

/// The pending records that the next group takes from. Null: there is no room for the first one.
PendingRecords* GroupCommit::next_pending() {
  if (!makes_room_.is_empty() && ensure_room(makes_room_.first_bytes(), Kind::makes_room)) {
    return &makes_room_;
  }
  if (!ordinary_.is_empty() && ensure_room(ordinary_.first_bytes(), Kind::ordinary)) {
    return &ordinary_;
  }
  return nullptr;
}

/// Whether `segments_ready` segments are so few that only records which make room may use them.
bool GroupCommit::is_reserved(Kind kind, std::size_t segments_ready) const {
  return kind == Kind::ordinary && !is_reserve_open_ &&
         segments_ready < options_.make_room_segments();
}

/// Whether records of `kind` may take one of `segments_ready` segments. Others fill the disk too, so
/// that what the pool last measured does not promise another segment: once the reserve is complete,
/// ordinary records wait for the segment that replaces the one they take.
bool GroupCommit::may_take_segment(Kind kind, std::size_t segments_ready) const {
  if (segments_ready == 0) return false;
  return !is_reserved(kind, segments_ready - 1) || !(pool_.has_been_complete() || pool_.is_short());
}

/// Ensures that frames of `bytes` bytes fit into the current segment, and opens the next segment if
/// needed. False: no segment that records of `kind` may use is ready.
bool GroupCommit::ensure_room(std::uint64_t bytes, Kind kind) {
  const std::size_t ready = pool_.ready();
  if (tail_.room() >= bytes) return !(pool_.is_short() && is_reserved(kind, ready));
  std::optional<ReadySegment> segment;
  if (may_take_segment(kind, ready)) segment = pool_.take();
  if (!segment) {
    if (pool_.is_full()) release_superseded();
    return false;
  }
  MILLRACE_ASSERT(block_bytes + bytes <= segment->bytes);
  segments_.add({segment->number, tail_.next_lsn(), segment->bytes}, segment->file);
  current_segment_.store(segment->number, std::memory_order_relaxed);
  tail_.open(*std::move(segment));
  return true;
}

Group& GroupCommit::take_slot() {
  Group& group = slots_[groups_formed_ % slots_.size()];
  ++groups_formed_;
  group.durable = durable_.load(std::memory_order_relaxed);
  group.is_written = false;
  return group;
}

Group* GroupCommit::form_group(PendingRecords& pending) {
  Group& group = take_slot();
  group.appended_at = pending.since();
  const std::uint64_t bytes_max = std::min<std::uint64_t>(options_.group_bytes_max, tail_.room());
  tail_.place(group, pending.take(group, bytes_max));
  room_.store(tail_.room(), std::memory_order_relaxed);
  if (has_pending() && waiting_ > 0 && !is_notified_ && groups_in_flight() < slots_.size()) {
    is_notified_ = true;
    work_.notify_one();
  }
  return &group;
}

Group* GroupCommit::form_mark() {
  Group& group = take_slot();
  group.appended_at = Clock::now();
  tail_.place(group, frame_bytes(0));
  room_.store(tail_.room(), std::memory_order_relaxed);
  return &group;
}

Result<void> GroupCommit::write(Group& group, AlignedBuffer& buffer) {
  const EncodedGroup encoded = encode_group(group, buffer);
  const Clock::time_point began = Clock::now();
  if (Result<void> done = group.file->write_durable(encoded.offset, encoded.bytes); !done) {
    return done;
  }
  counters_.sync.add(Clock::now() - began);
  counters_.syncs.fetch_add(1, std::memory_order_relaxed);
  counters_.bytes.fetch_add(encoded.bytes.size(), std::memory_order_relaxed);
  // Do not keep the memory that a single large record needed.
  if (buffer.capacity() > 2 * options_.group_bytes_max) buffer.reset();
  return {};
}

/// Confirms the written groups at the front of the ring. If another thread is doing so, that thread
/// also confirms the caller's group: it looks again with the lock held before it stops.
void GroupCommit::confirm(Lock& lock) {
  if (is_calling_listener_) return;
  is_calling_listener_ = true;
  while (!failure_ && groups_in_flight() > 0) {
    Group& group = slots_[groups_confirmed_ % slots_.size()];
    if (!group.is_written) break;
    marked_ = std::max(marked_, group.durable);
    durable_.store(group.last_lsn(), std::memory_order_release);
    if (group.opens_segment && !note_segment(lock, group)) break;
    release_superseded();
    lock.unlock();
    if (!group.records.empty()) {
      counters_.append.add(Clock::now() - group.appended_at);
      counters_.records.fetch_add(group.records.size(), std::memory_order_relaxed);
      listener_.on_committed(group.records);
      group.records.clear();
    }
    lock.lock();
    ++groups_confirmed_;
  }
  is_calling_listener_ = false;
  report_failure(lock);
}

/// States outside the segment that it has confirmed records, before it has any. False: failed.
bool GroupCommit::note_segment(Lock& lock, const Group& group) {
  lock.unlock();
  const Result<void> noted = durable_point_.write(group.segment, group.first_lsn, group.last_lsn());
  lock.lock();
  if (!noted) {
    if (!failure_) failure_ = noted.error();
    work_.notify_all();
    return false;
  }
  noted_segment_ = group.segment;
  noted_first_lsn_ = group.first_lsn;
  return true;
}

void GroupCommit::fail(const Error& error) {
  Lock lock{mutex_};
  if (!failure_) failure_ = error;
  report_failure(lock);
  lock.unlock();
  work_.notify_all();
}

/// Calls Listener::on_failed() if a failure is not reported yet. If another thread is calling the
/// listener, that thread reports the failure afterwards.
void GroupCommit::report_failure(Lock& lock) {
  if (!failure_ || is_failure_reported_ || is_calling_listener_) return;
  is_failure_reported_ = true;
  is_calling_listener_ = true;
  lock.unlock();
  listener_.on_failed(*failure_);
  lock.lock();
  is_calling_listener_ = false;
}

void GroupCommit::on_segments_changed() {
  // A flusher holds the lock from finding no segment until it waits. Taking the lock once ensures
  // that the notification does not fall in between.
  Lock{mutex_}.unlock();
  work_.notify_all();
  const bool is_short = pool_.is_short();
  if (is_short) {
    listener_.on_storage_full();
  } else if (was_short_) {
    listener_.on_storage_free();
  }
  was_short_ = is_short;
}

void GroupCommit::release_superseded() {
  for (const SegmentNumber number : superseded_) pool_.recycle(number);
  superseded_.clear();
}

}  // namespace millrace::journal
