// SegmentTable: the segments that the log consists of, with their open files.
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

/// Any thread may call any function concurrently. The lock is never held while a file is opened or
/// read.
class SegmentTable {
 public:
  /// Starts with the segments `live`; their files are opened with `access` when first needed.
  /// REQUIRES: `directory` outlives the table.
  SegmentTable(const DataDirectory& directory, const std::vector<SegmentInfo>& live, Access access);

  /// Adds `info`, in which the log continues. REQUIRES: info.number is above all numbers in the
  /// table; `file` is open.
  void add(const SegmentInfo& info, std::shared_ptr<File> file);

  /// Removes the segments before `number`, but never the newest one, and returns their numbers.
  /// A reader that holds a removed segment's file can still read it.
  std::vector<SegmentNumber> release_before(SegmentNumber number);

  /// Segments before `number`, oldest first.
  [[nodiscard]] std::vector<SegmentInfo> before(SegmentNumber number) const;

  /// Number of the segment that holds record `lsn`, or will hold it if `lsn` is the next one. 0 if
  /// the record's segment was released, or the table is empty.
  [[nodiscard]] SegmentNumber segment_holding(Lsn lsn) const;

  /// Number of the oldest segment; 0 if the table is empty.
  [[nodiscard]] SegmentNumber first() const;
  [[nodiscard]] std::size_t size() const;
  /// Length of all files. Takes no lock.
  [[nodiscard]] std::uint64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }

  /// The open file of a segment. Opens it if needed, which blocks. Fails with `not_found` (the
  /// segment is not, or no longer, part of the log), `storage_failed`.
  Result<std::shared_ptr<File>> file(SegmentNumber number);

  [[nodiscard]] const DataDirectory& directory() const { return directory_; }

 private:
  struct Entry {
    SegmentInfo info;
    std::shared_ptr<File> file;  ///< null until first needed
  };

  const DataDirectory& directory_;
  const Access access_;
  mutable std::mutex mutex_;
  std::map<SegmentNumber, Entry> entries_;  ///< guarded by mutex_
  std::atomic<std::uint64_t> bytes_ = 0;    ///< sum of info.bytes; written with mutex_ held
};

}  // namespace millrace::journal
