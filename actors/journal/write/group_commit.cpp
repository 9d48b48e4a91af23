#include "actors/journal/write/group_commit.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "actors/base/assert.hpp"

namespace millrace::journal {
namespace {

/// Where room is short a group gathers for as long, or until it has as many bytes: each takes whole
/// blocks, and small ones would use up the reserve for little.
constexpr std::chrono::milliseconds short_gather_time{10};
constexpr std::uint64_t short_gather_bytes = 64U << 10;

}  // namespace

GroupCommit::GroupCommit(const Options& options, Lsn last_lsn,
                         std::vector<SegmentNumber> superseded, SegmentTable& segments,
                         SegmentPool& pool, Listener& listener)
    : options_(options),
      segments_(segments),
      pool_(pool),
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
    stopping_ = true;
    reserve_open_ = true;
  }
  work_.notify_all();
  for (std::thread& flusher : flushers_) flusher.join();
  flushers_.clear();
}

void GroupCommit::open_reserve() {
  {
    const Lock lock{mutex_};
    reserve_open_ = true;
  }
  work_.notify_all();
}

Result<void> GroupCommit::append(std::span<std::shared_ptr<Proposal>> proposals) {
  for (const std::shared_ptr<Proposal>& proposal : proposals) {
    const std::size_t length = proposal->body.size();
    if (length > options_.record_bytes_max) {
      return Error{ErrorCode::too_large,
                   "record of " + std::to_string(length) + " bytes; at most " +
                       std::to_string(options_.record_bytes_max) + " are allowed"};
    }
  }
  bool notify = false;
  {
    const Lock lock{mutex_};
    if (failure_) return Error{ErrorCode::storage_failed, failure_->message};
    if (stopping_) return Error{ErrorCode::draining, "the journal is stopping"};
    const bool makes_room = !proposals.empty() && proposals.front()->makes_room;
    (makes_room ? makes_room_ : ordinary_).add(proposals);
    // One is enough: it takes all, and wakes the next if it had to leave some.
    notify = waiting_ > 0 && !woken_ && in_flight() < slots_.size();
    if (notify) woken_ = true;
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
    group->written = true;
    confirm(lock);
  }
  lock.unlock();
  work_.notify_all();
}

/// Waits for work that may be taken now; nothing when all is done or lost.
Group* GroupCommit::next_group(Lock& lock) {
  while (!failure_) {
    const bool may_write = in_flight() < slots_.size();
    const bool quiet = in_flight() == 0 && !has_gathered();
    if (quiet && stopping_ && !unmarked()) return nullptr;
    const bool mark = quiet && unmarked() && (stopping_ || !marker_waits_);
    if (mark && !stopping_ && !wait_idle(lock)) continue;
    if (may_write && has_gathered() && !wait_gathered(lock)) continue;
    if (mark || (may_write && has_gathered())) {
      if (mark && make_room(frame_bytes(0), Use::ordinary)) return take_mark();
      if (Gathering* const gathering = next_gathering()) return take_records(*gathering);
      if (stopping_ && pool_.is_full()) return nullptr;
    }
    wait(lock);
  }
  return nullptr;
}

void GroupCommit::wait(Lock& lock) {
  ++waiting_;
  work_.wait(lock);  // the caller looks again at everything
  --waiting_;
  woken_ = false;
}

/// Waits until nothing happened for the idle time; false if something did.
bool GroupCommit::wait_idle(Lock& lock) {
  const std::uint64_t groups_before = slots_taken_;
  marker_waits_ = true;
  ++waiting_;
  const std::cv_status status = work_.wait_for(lock, options_.idle_mark_after);
  --waiting_;
  marker_waits_ = false;
  woken_ = false;  // also after the timeout: a notification may have come just then
  return status == std::cv_status::timeout && !failure_ && slots_taken_ == groups_before &&
         !has_gathered();
}

/// Where room is short, waits until the next group is worth its blocks; false if it waited.
bool GroupCommit::wait_gathered(Lock& lock) {
  if (stopping_ || !makes_room_.is_empty() || ordinary_.bytes() >= short_gather_bytes ||
      !pool_.is_short()) {
    return true;
  }
  const Clock::time_point until = ordinary_.since() + short_gather_time;
  if (Clock::now() >= until) return true;
  ++waiting_;
  work_.wait_until(lock, until);
  --waiting_;
  woken_ = false;
  return false;
}

/// The records to be written next, if there is room for the first of them.
Gathering* GroupCommit::next_gathering() {
  if (!makes_room_.is_empty() && make_room(makes_room_.first_bytes(), Use::make_room)) {
    return &makes_room_;
  }
  if (!ordinary_.is_empty() && make_room(ordinary_.first_bytes(), Use::ordinary)) {
    return &ordinary_;
  }
  return nullptr;
}

/// Whether room is short, and what is left is not for `use`.
bool GroupCommit::is_reserved(Use use, std::size_t segments_ready) const {
  return use == Use::ordinary && !reserve_open_ && pool_.is_short() &&
         segments_ready < options_.make_room_segments();
}

/// Sees to it that a group of `bytes` fits; false if there is no segment to go on in.
bool GroupCommit::make_room(std::uint64_t bytes, Use use) {
  const std::size_t ready = pool_.ready();
  if (tail_.room() >= bytes) return !is_reserved(use, ready);
  std::optional<ReadySegment> segment;
  if (ready > 0 && !is_reserved(use, ready - 1)) segment = pool_.take();
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

Group& GroupCommit::next_slot() {
  Group& group = slots_[slots_taken_ % slots_.size()];
  ++slots_taken_;
  group.durable = durable_.load(std::memory_order_relaxed);
  group.written = false;
  return group;
}

Group* GroupCommit::take_records(Gathering& gathering) {
  Group& group = next_slot();
  group.gathered_at = gathering.since();
  const std::uint64_t bytes_max = std::min<std::uint64_t>(options_.group_bytes_max, tail_.room());
  tail_.place(group, gathering.take(group, bytes_max));
  room_.store(tail_.room(), std::memory_order_relaxed);
  if (has_gathered() && waiting_ > 0 && !woken_ && in_flight() < slots_.size()) {
    woken_ = true;
    work_.notify_one();
  }
  return &group;
}

Group* GroupCommit::take_mark() {
  Group& group = next_slot();
  group.gathered_at = Clock::now();
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
  // One large record must not hold its memory for good.
  if (buffer.capacity() > 2 * options_.group_bytes_max) buffer.reset();
  return {};
}

/// Confirms written groups from the front of the ring on, unless another thread is at it.
void GroupCommit::confirm(Lock& lock) {
  if (confirming_) return;
  confirming_ = true;
  while (!failure_ && in_flight() > 0) {
    Group& group = slots_[slots_freed_ % slots_.size()];
    if (!group.written) break;
    marked_ = std::max(marked_, group.durable);
    durable_.store(group.last_lsn(), std::memory_order_release);
    release_superseded();
    lock.unlock();
    if (!group.records.empty()) {
      counters_.append.add(Clock::now() - group.gathered_at);
      counters_.records.fetch_add(group.records.size(), std::memory_order_relaxed);
      listener_.on_committed(group.records);
      group.records.clear();
    }
    lock.lock();
    ++slots_freed_;
  }
  confirming_ = false;
  report_failure(lock);
}

void GroupCommit::fail(const Error& error) {
  Lock lock{mutex_};
  if (!failure_) failure_ = error;
  report_failure(lock);
  lock.unlock();
  work_.notify_all();
}

/// Tells the listener, unless it is being called: then that thread does it.
void GroupCommit::report_failure(Lock& lock) {
  if (!failure_ || failure_reported_ || confirming_) return;
  failure_reported_ = true;
  confirming_ = true;
  lock.unlock();
  listener_.on_failed(*failure_);
  lock.lock();
  confirming_ = false;
}

void GroupCommit::segments_changed() {
  // With the lock taken once, no thread is between looking for a segment and waiting for one.
  Lock{mutex_}.unlock();
  work_.notify_all();
}

void GroupCommit::release_superseded() {
  for (const SegmentNumber number : superseded_) pool_.recycle(number);
  superseded_.clear();
}

}  // namespace millrace::journal
