#include "actors/journal/write/segment_pool.hpp"

#include <string>
#include <utility>

namespace millrace::journal {

SegmentPool::SegmentPool(const DataDirectory& directory, const Options& options,
                         const SegmentTable& log, SegmentNumber first_number,
                         std::vector<SegmentNumber> recyclable)
    : directory_(directory),
      options_(options),
      log_(log),
      recyclable_(recyclable.begin(), recyclable.end()),
      next_number_(first_number),
      own_count_(recyclable_.size()) {}

SegmentPool::~SegmentPool() {
  stop();
}

void SegmentPool::start(SegmentPoolListener& listener) {
  listener_ = &listener;
  thread_ = std::thread{[this] {
    run();
  }};
}

void SegmentPool::stop() {
  {
    const Lock lock{mutex_};
    is_stopping_ = true;
  }
  changed_.notify_all();
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
  changed_.notify_one();
  return taken;
}

void SegmentPool::on_log_grown() {
  if (!is_short()) return;
  {
    // run() holds the lock from its look at is_short() until it waits.
    const Lock lock{mutex_};
    if (is_known_short_) return;
  }
  changed_.notify_one();
}

void SegmentPool::recycle(SegmentNumber number) {
  {
    const Lock lock{mutex_};
    recyclable_.push_back(number);
    own_count_.fetch_add(1, std::memory_order_relaxed);
    is_backing_off_ = false;
  }
  changed_.notify_one();
}

void SegmentPool::run() {
  Lock lock{mutex_};
  while (!is_stopping_) {
    const bool too_few = ready_.size() < options_.reserve_segments;
    const bool may_keep = ready_.size() < options_.ready_segments_max && !recyclable_.empty();
    if (too_few && is_backing_off_) {
      changed_.wait_for(lock, options_.allocate_retry,
                        [&] { return is_stopping_ || !is_backing_off_; });
      is_backing_off_ = false;
    } else if (too_few || may_keep) {
      add_segment(lock);
    } else if (!recyclable_.empty()) {
      delete_recyclable(lock);
    } else if (is_short()) {
      // Reported at once when it begins, then every `allocate_retry`.
      if (std::exchange(is_known_short_, true)) changed_.wait_for(lock, options_.allocate_retry);
      if (!is_stopping_) measure_again(lock);
    } else {
      is_known_short_ = false;
      // With an end, though on_log_grown() wakes the thread: is_short() depends on what others change.
      changed_.wait_for(lock, options_.allocate_retry);
    }
  }
}

void SegmentPool::measure_again(Lock& lock) {
  lock.unlock();
  const Result<std::uint64_t> room = measure_room();
  if (room) listener_->on_segments_changed();
  lock.lock();
  if (!room) fail(lock, room.error());
}

/// Measures the bytes of the disk that new segments may take, and stores whole segments of it.
Result<std::uint64_t> SegmentPool::measure_room() {
  const Result<std::uint64_t> free = directory_.files().free_bytes(directory_.path());
  if (!free) return free.error();
  const std::uint64_t kept = options_.free_bytes_min + keep_free_.load(std::memory_order_relaxed);
  const std::uint64_t room = *free > kept ? *free - kept : 0;
  disk_bytes_.store(room - room % options_.segment_bytes, std::memory_order_relaxed);
  has_measured_.store(true, std::memory_order_relaxed);
  return room;
}

void SegmentPool::add_segment(Lock& lock) {
  std::optional<SegmentNumber> recycled;
  if (!recyclable_.empty()) {
    recycled = recyclable_.front();
    recyclable_.pop_front();
  }
  const bool had_recycled = recycled.has_value();
  lock.unlock();
  Result<ReadySegment> made = make_segment(recycled, next_number_);
  lock.lock();
  if (had_recycled && !recycled) {  // renamed or deleted
    own_count_.fetch_sub(1, std::memory_order_relaxed);
  }
  if (made) {
    ++next_number_;
    own_count_.fetch_add(1, std::memory_order_relaxed);
    ready_.push_back(*std::move(made));
    ready_count_.store(ready_.size(), std::memory_order_relaxed);
    if (ready_.size() >= options_.reserve_segments) {
      is_full_.store(false, std::memory_order_relaxed);
      has_been_complete_.store(true, std::memory_order_relaxed);
    }
  } else if (made.error().code == ErrorCode::storage_full) {
    is_full_.store(true, std::memory_order_relaxed);
    // Try again at once if a segment was released meanwhile. A file that could not be renamed is
    // kept for the next attempt.
    is_backing_off_ = recyclable_.empty();
    if (recycled) recyclable_.push_front(*recycled);
  } else {
    fail(lock, made.error());
    return;
  }
  lock.unlock();
  listener_->on_segments_changed();
  lock.lock();
}

/// Makes segment `number` out of the file `recycled`, if there is one of the right length, or as a
/// new file. Empties `recycled` once that file no longer exists under its old name.
Result<ReadySegment> SegmentPool::make_segment(std::optional<SegmentNumber>& recycled,
                                               SegmentNumber number) {
  bool reused = false;
  if (recycled) {
    const Result<bool> done = rename_recycled(*recycled, number);
    if (!done) return done.error();
    reused = *done;
    recycled.reset();
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

/// Renames the file of segment `recycled` to `number`. If its length is not that of a segment (the
/// option has changed), deletes it instead and returns false.
Result<bool> SegmentPool::rename_recycled(SegmentNumber recycled, SegmentNumber number) {
  FileSystem& files = directory_.files();
  const FileSystem::Path path = directory_.segment_path(recycled);
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
  // Its frames carry the old segment number, so a scan does not take them for frames of `number`.
  if (Result<void> renamed = files.rename(path, directory_.segment_path(number)); !renamed) {
    return renamed.error();
  }
  return true;
}

Result<void> SegmentPool::create(SegmentNumber number) {
  FileSystem& files = directory_.files();
  const Result<std::uint64_t> room = measure_room();
  if (!room) return room.error();
  if (*room < options_.segment_bytes) {
    return Error{ErrorCode::storage_full,
                 directory_.path().string() + ": " + std::to_string(*room) +
                     " bytes are free beyond what checkpoints need; expected " +
                     std::to_string(options_.segment_bytes) + " for a segment"};
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
    // Give its room back at once. If that fails, the error of zero_fill() still matters more.
    [[maybe_unused]] const Result<void> removed = files.remove(unfinished);
    return filled;
  }
  if (Result<void> renamed = files.rename(unfinished, path); !renamed) return renamed;
  disk_bytes_.store(*room - *room % options_.segment_bytes - options_.segment_bytes,
                    std::memory_order_relaxed);
  return {};
}

void SegmentPool::delete_recyclable(Lock& lock) {
  const SegmentNumber number = recyclable_.front();
  recyclable_.pop_front();
  own_count_.fetch_sub(1, std::memory_order_relaxed);
  lock.unlock();
  const Result<void> removed = directory_.files().remove(directory_.segment_path(number));
  if (removed) {
    disk_bytes_.fetch_add(options_.segment_bytes, std::memory_order_relaxed);
    listener_->on_segments_changed();
  }
  lock.lock();
  if (!removed) fail(lock, removed.error());
}

void SegmentPool::fail(Lock& lock, const Error& error) {
  is_stopping_ = true;
  lock.unlock();
  listener_->on_pool_failed(error);
  lock.lock();
}

}  // namespace millrace::journal
