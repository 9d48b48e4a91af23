#include "actors/journal/copy_source.hpp"

#include <utility>

#include "actors/journal/moved_mark.hpp"

namespace millrace::journal {
namespace {

Result<void> ignore_entry(Section /*section*/, std::string_view /*bytes*/) {
  return {};
}

Result<void> ignore_frame(const Frame& /*frame*/) {
  return {};
}

}  // namespace

Result<std::unique_ptr<JournalCopySource>> JournalCopySource::open(FileSystem& files,
                                                                   const FileSystem::Path& path,
                                                                   const std::string& target) {
  // A writer would make what is missing.
  if (auto found = DataDirectory::open(files, path, Opener::reader); !found) return found.error();
  auto directory = DataDirectory::open(files, path, Opener::writer);
  if (!directory) return directory.error();
  const auto moved = moved_to(files, path);
  if (!moved) return moved.error();
  if (*moved && **moved != target) return moved_error(path, **moved);
  std::unique_ptr<JournalCopySource> source{new JournalCopySource(*std::move(directory))};
  source->was_given_up_ = moved->has_value();
  if (auto read = source->find_extent(); !read) return read.error();
  return source;
}

Result<void> JournalCopySource::find_extent() {
  Result<Recovered> recovered = recover(directory_, ignore_entry, ignore_frame);
  if (!recovered) return recovered.error();
  recovered_ = *std::move(recovered);
  extent_.last_lsn = recovered_.end.last_lsn;
  if (recovered_.checkpoint) extent_.replay_from = recovered_.start.replay_from;
  // After a crash, released segments may be there again, with gaps between them. The log begins behind
  // the last gap: what no start replays and no message lies in was released.
  for (const SegmentInfo& segment : recovered_.end.live) {
    if (segment.first_lsn > recovered_.start.replay_from) break;
    extent_.first_lsn = segment.first_lsn;
    const LogStart start{segment.first_lsn, recovered_.start.last_durable};
    const Result<LogEnd> end = scan_log(directory_, start, ignore_frame);
    if (end && end->last_lsn == extent_.last_lsn) return {};
    if (!end && end.error().code != ErrorCode::corrupt) return end.error();
  }
  extent_.first_lsn = recovered_.start.replay_from;
  return {};
}

Result<void> JournalCopySource::visit_records(const FrameVisitor& visit) {
  const LogStart start{extent_.first_lsn, recovered_.start.last_durable};
  const Result<LogEnd> end = scan_log(directory_, start, visit);
  if (!end) return end.error();
  return {};
}

Result<void> JournalCopySource::visit_checkpoint(const EntryVisitor& visit) {
  if (!recovered_.checkpoint) return {};
  return read_checkpoint(directory_, recovered_.checkpoint->number, visit);
}

Result<void> JournalCopySource::give_up(const std::string& target) {
  return mark_moved(directory_, target);
}

}  // namespace millrace::journal
