#include "actors/journal/write/segment_pool.hpp"

#include <string>
#include <utility>

namespace millrace::journal {

SegmentPool::SegmentPool(const DataDirectory& directory, const Options& options,
                         SegmentNumber first_number, std::vector<SegmentNumber> recyclable,
                         std::function<std::uint64_t()> log_bytes, std::function<void()> on_change,
                         std::function<void(const Error&)> on_failed)
    : directory_(directory),
      options_(options),
      log_bytes_(std::move(log_bytes)),
      on_change_(std::move(on_change)),
      on_failed_(std::move(on_failed)),
      recyclable_(recyclable.begin(), recyclable.end()),
      next_number_(first_number),
      own_count_(recyclable_.size()) {}

SegmentPool::~SegmentPool() {
  stop();
}

void SegmentPool::start() {
  thread_ = std::thread{[this] {
    run();
  }};
}

void SegmentPool::stop() {
  {
    const Lock lock{mutex_};
    stopping_ = true;
  }
  wanted_.notify_all();
  if (thread_.joinable()) thread_.join();
}

std::optional<ReadySegment> SegmentPool::take() {
  std::optional<ReadySegment> taken;
  {
    const Lock lock{mutex_};
    if (ready_.empty()) return taken;
    taken = std::move(ready_.front());
    ready_.pop_front();
    ready_count_.store(ready_.size(), std::memory_order_relaxed);
    own_count_.fetch_sub(1, std::memory_order_relaxed);
  }
  wanted_.notify_one();
  return taken;
}

void SegmentPool::recycle(SegmentNumber number) {
  {
    const Lock lock{mutex_};
    recyclable_.push_back(number);
    own_count_.fetch_add(1, std::memory_order_relaxed);
    retry_later_ = false;
  }
  wanted_.notify_one();
}

void SegmentPool::run() {
  Lock lock{mutex_};
  while (!stopping_) {
    const bool too_few = ready_.size() < options_.reserve_segments;
    const bool may_keep = ready_.size() < options_.ready_segments_max && !recyclable_.empty();
    if (too_few && retry_later_) {
      wanted_.wait_for(lock, options_.allocate_retry, [&] { return stopping_ || !retry_later_; });
      retry_later_ = false;
    } else if (too_few || may_keep) {
      add_one(lock);
    } else if (!recyclable_.empty()) {
      drop_one(lock);
    } else if (is_short()) {
      wanted_.wait_for(lock, options_.allocate_retry);
      if (!stopping_) look_again(lock);
    } else {
      wanted_.wait(lock);
    }
  }
}

void SegmentPool::look_again(Lock& lock) {
  lock.unlock();
  const Result<std::uint64_t> room = look_at_room();
  if (room) on_change_();
  lock.lock();
  if (!room) fail(lock, room.error());
}

/// Bytes of the disk that new segments may take.
Result<std::uint64_t> SegmentPool::look_at_room() {
  const Result<std::uint64_t> free = directory_.files().free_bytes(directory_.path());
  if (!free) return free.error();
  const std::uint64_t kept = options_.free_bytes_min + keep_free_.load(std::memory_order_relaxed);
  const std::uint64_t room = *free > kept ? *free - kept : 0;
  disk_bytes_.store(room - room % options_.segment_bytes, std::memory_order_relaxed);
  looked_.store(true, std::memory_order_relaxed);
  return room;
}

void SegmentPool::add_one(Lock& lock) {
  std::optional<SegmentNumber> old;
  if (!recyclable_.empty()) {
    old = recyclable_.front();
    recyclable_.pop_front();
  }
  const bool had_old = old.has_value();
  lock.unlock();
  Result<ReadySegment> made = make_segment(old, next_number_);
  lock.lock();
  if (had_old && !old) own_count_.fetch_sub(1, std::memory_order_relaxed);  // used up
  if (made) {
    ++next_number_;
    own_count_.fetch_add(1, std::memory_order_relaxed);
    ready_.push_back(*std::move(made));
    ready_count_.store(ready_.size(), std::memory_order_relaxed);
    if (ready_.size() >= options_.reserve_segments) full_.store(false, std::memory_order_relaxed);
  } else if (made.error().code == ErrorCode::storage_full) {
    full_.store(true, std::memory_order_relaxed);
    // Unless something was released meanwhile. What could not be renamed is tried again as well.
    retry_later_ = recyclable_.empty();
    if (old) recyclable_.push_front(*old);
  } else {
    fail(lock, made.error());
    return;
  }
  lock.unlock();
  on_change_();
  lock.lock();
}

/// Uses up `old`, unless it fails before that.
Result<ReadySegment> SegmentPool::make_segment(std::optional<SegmentNumber>& old,
                                               SegmentNumber number) {
  bool reused = false;
  if (old) {
    const Result<bool> done = reuse(*old, number);
    if (!done) return done.error();
    reused = *done;
    old.reset();
  }
  if (!reused) {
    if (Result<void> created = create(number); !created) return created.error();
  }
  FileSystem& files = directory_.files();
  if (Result<void> synced = files.sync_dir(directory_.segments_path()); !synced) {
    return synced.error();
  }
  Result<std::unique_ptr<File>> file =
      files.open(directory_.segment_path(number), OpenMode::write,
                 options_.direct ? Access::direct : Access::buffered);
  if (!file) return file.error();
  return ReadySegment{number, options_.segment_bytes, *std::move(file)};
}

/// Gives an old segment file a new life as `number`; false if its size does not fit (any more).
Result<bool> SegmentPool::reuse(SegmentNumber old, SegmentNumber number) {
  FileSystem& files = directory_.files();
  const FileSystem::Path path = directory_.segment_path(old);
  std::uint64_t bytes = 0;
  {
    Result<std::unique_ptr<File>> file = files.open(path, OpenMode::read, Access::buffered);
    if (!file) return file.error();
    const Result<std::uint64_t> size = (*file)->size();
    if (!size) return size.error();
    bytes = *size;
  }
  if (bytes != options_.segment_bytes) {
    if (Result<void> removed = files.remove(path); !removed) return removed.error();
    return false;
  }
  // What is in it bears the old number, so nobody takes it for frames of the new one.
  if (Result<void> renamed = files.rename(path, directory_.segment_path(number)); !renamed) {
    return renamed.error();
  }
  return true;
}

Result<void> SegmentPool::create(SegmentNumber number) {
  FileSystem& files = directory_.files();
  const Result<std::uint64_t> room = look_at_room();
  if (!room) return room.error();
  if (*room < options_.segment_bytes) {
    return Error{ErrorCode::storage_full,
                 directory_.path().string() + ": beside what checkpoints need, " +
                     std::to_string(*room) + " bytes are free; a segment takes " +
                     std::to_string(options_.segment_bytes)};
  }
  const FileSystem::Path path = directory_.segment_path(number);
  FileSystem::Path unfinished = path;
  unfinished += unfinished_suffix;
  Result<void> filled;
  {
    Result<std::unique_ptr<File>> file = files.open(
        unfinished, OpenMode::create, options_.direct ? Access::direct : Access::buffered);
    if (!file) return file.error();
    filled = (*file)->zero_fill(options_.segment_bytes);
  }
  if (!filled) {
    // The room that it took is needed by others; the failure to fill it is what counts.
    [[maybe_unused]] const Result<void> removed = files.remove(unfinished);
    return filled;
  }
  if (Result<void> renamed = files.rename(unfinished, path); !renamed) return renamed;
  disk_bytes_.store(*room - *room % options_.segment_bytes - options_.segment_bytes,
                    std::memory_order_relaxed);
  return {};
}

void SegmentPool::drop_one(Lock& lock) {
  const SegmentNumber number = recyclable_.front();
  recyclable_.pop_front();
  own_count_.fetch_sub(1, std::memory_order_relaxed);
  lock.unlock();
  const Result<void> removed = directory_.files().remove(directory_.segment_path(number));
  if (removed) disk_bytes_.fetch_add(options_.segment_bytes, std::memory_order_relaxed);
  lock.lock();
  if (!removed) fail(lock, removed.error());
}

void SegmentPool::fail(Lock& lock, const Error& error) {
  stopping_ = true;
  lock.unlock();
  on_failed_(error);
  lock.lock();
}

}  // namespace millrace::journal
