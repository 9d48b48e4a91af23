// The segments that the log consists of, and reading single frames back from them.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "actors/journal/disk/data_directory.hpp"
#include "actors/journal/format/frame.hpp"
#include "actors/journal/read/log_scan.hpp"

namespace millrace::journal {

/// Thread-safe. Its lock is never held during I/O on a frame.
class SegmentTable {
 public:
  /// `directory` must outlive the table.
  SegmentTable(const DataDirectory& directory, const std::vector<SegmentInfo>& live, Access access);

  /// The log goes on in `info`, whose file is open as `file`.
  void add(const SegmentInfo& info, std::shared_ptr<File> file);

  /// Takes the segments before `number` out and returns their numbers. The newest one stays.
  std::vector<SegmentNumber> release_before(SegmentNumber number);

  /// Segments before `number`, oldest first.
  [[nodiscard]] std::vector<SegmentInfo> before(SegmentNumber number) const;

  /// Number of the segment that holds, or will hold, record `lsn`; 0 if there is none.
  [[nodiscard]] SegmentNumber segment_holding(Lsn lsn) const;

  /// Number of the oldest segment; 0 if there is none.
  [[nodiscard]] SegmentNumber first() const;
  [[nodiscard]] std::size_t size() const;
  /// Of all files. Takes no lock.
  [[nodiscard]] std::uint64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }

  /// `not_found` if the segment is not part of the log (any more).
  Result<std::shared_ptr<File>> file(SegmentNumber number);

  [[nodiscard]] const DataDirectory& directory() const { return directory_; }

 private:
  struct Entry {
    SegmentInfo info;
    std::shared_ptr<File> file;  ///< opened when first needed
  };

  const DataDirectory& directory_;
  const Access access_;
  mutable std::mutex mutex_;
  std::map<SegmentNumber, Entry> entries_;
  std::atomic<std::uint64_t> bytes_ = 0;
};

}  // namespace millrace::journal
