#include "actors/journal/recovery.hpp"

#include <utility>

namespace millrace::journal {

Result<Recovered> recover(const DataDirectory& directory, const EntryVisitor& on_entry,
                          const FrameVisitor& on_frame) {
  Result<Checkpoints> found = find_checkpoints(directory);
  if (!found) return found.error();
  // Starting from record 1 instead would be wrong: records before the damaged checkpoint may have
  // been released, and only an older checkpoint can show that they were not.
  if (!found->newest && !found->damaged.empty()) return found->damaged.front();
  Recovered recovered;
  recovered.checkpoint = found->newest;
  recovered.damaged = std::move(found->damaged);
  recovered.last_checkpoint_number = found->last_number;
  if (found->newest) {
    recovered.start = found->newest->start;
    const Result<void> read = read_checkpoint(directory, found->newest->number, on_entry);
    if (!read) return read.error();
  }
  Result<LogEnd> end = scan_log(directory, recovered.start, on_frame);
  if (!end) {
    Error error = end.error();
    // The damaged checkpoint is the likelier cause, so its error comes first.
    if (!recovered.damaged.empty()) {
      error.message = recovered.damaged.front().message + "; recovery from the checkpoint " +
                      "before it failed: " + error.message;
    }
    return error;
  }
  recovered.end = *std::move(end);
  return recovered;
}

Result<Manifest> back_up_stopped(const DataDirectory& from, const FileSystem::Path& target,
                                 std::int64_t at_us) {
  const auto recovered = recover(
      from, [](Section, std::string_view) { return Result<void>{}; },
      [](const Frame&) { return Result<void>{}; });
  if (!recovered) return recovered.error();
  BackupWriter backup(from, target);
  if (auto done = backup.begin(); !done) return done.error();
  if (recovered->checkpoint) {
    if (auto done =
            backup.add_checkpoint(recovered->checkpoint->number, [] { return Result<void>{}; });
        !done) {
      return done.error();
    }
  }
  std::vector<SegmentInfo> segments = recovered->end.live;
  // A segment may have been opened without a record.
  std::erase_if(segments,
                [&](const SegmentInfo& one) { return one.first_lsn > recovered->end.last_lsn; });
  const auto always = [] {
    return Result<void>{};
  };
  if (auto done = backup.add_log(segments, recovered->end.last_lsn, always); !done) {
    return done.error();
  }
  return backup.finish({}, at_us);
}

}  // namespace millrace::journal
