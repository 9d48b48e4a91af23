#include "actors/journal/read/segment_table.hpp"

#include <utility>

namespace millrace::journal {

SegmentTable::SegmentTable(const DataDirectory& directory, const std::vector<SegmentInfo>& live,
                           Access access)
    : directory_(directory), access_(access) {
  for (const SegmentInfo& info : live) {
    entries_.emplace(info.number, Entry{info, nullptr});
    bytes_ += info.bytes;
  }
}

void SegmentTable::add(const SegmentInfo& info, std::shared_ptr<File> file) {
  const std::lock_guard lock{mutex_};
  entries_.emplace(info.number, Entry{info, std::move(file)});
  bytes_ += info.bytes;
}

std::vector<SegmentNumber> SegmentTable::release_before(SegmentNumber number) {
  std::vector<SegmentNumber> released;
  const std::lock_guard lock{mutex_};
  while (entries_.size() > 1 && entries_.begin()->first < number) {
    released.push_back(entries_.begin()->first);
    bytes_ -= entries_.begin()->second.info.bytes;
    entries_.erase(entries_.begin());
  }
  return released;
}

std::vector<SegmentInfo> SegmentTable::before(SegmentNumber number) const {
  std::vector<SegmentInfo> found;
  const std::lock_guard lock{mutex_};
  for (const auto& [key, entry] : entries_) {
    if (key >= number) break;
    found.push_back(entry.info);
  }
  return found;
}

SegmentNumber SegmentTable::segment_holding(Lsn lsn) const {
  const std::lock_guard lock{mutex_};
  for (auto it = entries_.rbegin(); it != entries_.rend(); ++it) {
    if (it->second.info.first_lsn <= lsn) return it->first;
  }
  return 0;
}

SegmentNumber SegmentTable::first() const {
  const std::lock_guard lock{mutex_};
  return entries_.empty() ? 0 : entries_.begin()->first;
}

std::size_t SegmentTable::size() const {
  const std::lock_guard lock{mutex_};
  return entries_.size();
}

Result<std::shared_ptr<File>> SegmentTable::file(SegmentNumber number) {
  const Error released{ErrorCode::not_found,
                       directory_.segment_path(number).string() +
                           ": expected a segment of the log; it was never part " +
                           "of the log, or was released"};
  {
    const std::lock_guard lock{mutex_};
    const auto it = entries_.find(number);
    if (it == entries_.end()) return released;
    if (it->second.file != nullptr) return it->second.file;
  }
  // Opened without the lock, because the writer needs the lock to continue in a new segment.
  Result<std::unique_ptr<File>> opened =
      directory_.files().open(directory_.segment_path(number), OpenMode::read, access_);
  const std::lock_guard lock{mutex_};
  const auto it = entries_.find(number);
  if (it == entries_.end()) return released;
  if (!opened) return opened.error();
  if (it->second.file == nullptr) it->second.file = *std::move(opened);
  return it->second.file;
}

}  // namespace millrace::journal
