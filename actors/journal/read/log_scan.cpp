#include "actors/journal/read/log_scan.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "actors/journal/disk/aligned_buffer.hpp"
#include "actors/journal/read/segment_reader.hpp"

namespace millrace::journal {
namespace {

/// A segment file as found.
struct Found {
  SegmentInfo info;
  bool opened = false;  ///< it has a header of its own
};

/// What the frames of a segment say, wherever in it they are.
struct Evidence {
  Lsn durable_max = 0;
  std::uint64_t offset = 0;  ///< of the frame that says durable_max
  Lsn first_lsn = 0;         ///< of the first intact frame; 0 if there is none
};

std::string at(const FileSystem::Path& path, std::uint64_t offset) {
  return path.string() + ": offset " + std::to_string(offset) + ": ";
}

class Scan {
 public:
  Scan(const DataDirectory& directory, const LogStart& start, const FrameVisitor& visit)
      : directory_(directory), start_(start), visit_(visit) {}

  Result<LogEnd> run() {
    if (Result<void> done = find_segments(); !done) return done.error();
    const Found* segment = newest_opened(0, start_.replay_from, false);
    expected_ = segment != nullptr ? segment->info.first_lsn : start_.replay_from;
    while (segment != nullptr) {
      last_ = segment->info.number;
      if (Result<void> done = walk(*segment); !done) return done.error();
      segment = newest_opened(last_, expected_, true);
    }
    if (Result<void> done = judge_end(); !done) return done.error();
    end_.last_lsn = expected_ - 1;
    if (Result<void> done = sort_out(); !done) return done.error();
    return std::move(end_);
  }

 private:
  Result<void> find_segments() {
    const auto names = directory_.files().list(directory_.segments_path());
    if (!names) return names.error();
    for (const std::string& name : *names) {
      const std::optional<SegmentNumber> number = parse_segment_name(name);
      if (!number) continue;
      Result<SegmentReader> reader = SegmentReader::open(directory_, *number, buffer_);
      if (!reader) return reader.error();
      const Result<std::optional<SegmentHeader>> header = reader->header();
      if (!header) return header.error();
      Found found{{*number, 0, reader->bytes()}, header->has_value()};
      if (found.opened) found.info.first_lsn = (*header)->first_lsn;
      found_.push_back(found);
      end_.last_number = std::max(end_.last_number, *number);
    }
    std::sort(found_.begin(), found_.end(),
              [](const Found& a, const Found& b) { return a.info.number < b.info.number; });
    return {};
  }

  /// The newest opened segment after number `after` that begins at `lsn`, or (not `exact`) at or
  /// before it. The newest, because each opening at or before a record voids what earlier segments
  /// held of it.
  [[nodiscard]] const Found* newest_opened(SegmentNumber after, Lsn lsn, bool exact) const {
    for (auto it = found_.rbegin(); it != found_.rend() && it->info.number > after; ++it) {
      if (!it->opened) continue;
      if (exact ? it->info.first_lsn == lsn : it->info.first_lsn <= lsn) return &*it;
    }
    return nullptr;
  }

  /// Visits frames until one is missing or a later segment takes over.
  Result<void> walk(const Found& segment) {
    Result<SegmentReader> reader = SegmentReader::open(directory_, segment.info.number, buffer_);
    if (!reader) return reader.error();
    stopped_at_ = block_bytes;
    while (newest_opened(segment.info.number, expected_, true) == nullptr) {
      const Result<std::optional<FrameHeader>> frame = reader->frame_at(stopped_at_);
      if (!frame) return frame.error();
      if (!*frame || (*frame)->lsn != expected_) return {};
      stopped_at_ = next_offset(**frame);
      if (((*frame)->flags & flag_mark) != 0) continue;
      if (expected_ >= start_.replay_from) {
        const Place place = make_place(segment.info.number, (*frame)->offset);
        Result<void> visited =
            visit_(Frame{expected_, place, (*frame)->shard, reader->body(**frame)});
        if (!visited) return visited;
      }
      ++expected_;
    }
    return {};
  }

  /// The log stops before `expected_`: refuses if that record is known to have been confirmed.
  Result<void> judge_end() {
    const std::string where = last_ == 0 ? directory_.segments_path().string() + ": "
                                         : at(directory_.segment_path(last_), stopped_at_);
    const std::string expected = where + "expected record " + std::to_string(expected_);
    if (last_ == 0 && start_.replay_from > 1) {
      return Error{ErrorCode::corrupt,
                   expected + ", where the checkpoint begins, but no segment holds it"};
    }
    for (const Found& segment : found_) {
      if (segment.info.number < last_) continue;
      // Frames of the group that broke off say nothing about it: begin at the next block.
      const std::uint64_t from =
          segment.info.number == last_ ? align_up(stopped_at_ + 1, block_bytes) : block_bytes;
      const Result<Evidence> evidence = search(segment.info.number, from);
      if (!evidence) return evidence.error();
      if (evidence->first_lsn != 0) end_.torn = true;
      if (evidence->durable_max >= expected_) {
        return Error{ErrorCode::corrupt,
                     expected + ", which was confirmed, but no intact frame is there (" +
                         at(directory_.segment_path(segment.info.number), evidence->offset) +
                         "a frame says that records up to " +
                         std::to_string(evidence->durable_max) + " were durable)"};
      }
      if (segment.info.number > last_) later_.emplace_back(segment.info.number, *evidence);
    }
    if (start_.last_durable >= expected_) {
      return Error{ErrorCode::corrupt,
                   expected + ", which was confirmed, but no intact frame is there (the " +
                       "checkpoint says that records up to " + std::to_string(start_.last_durable) +
                       " were durable)"};
    }
    return {};
  }

  /// Looks for intact frames at the blocks of a segment, from `from` on.
  Result<Evidence> search(SegmentNumber number, std::uint64_t from) {
    Result<SegmentReader> reader = SegmentReader::open(directory_, number, buffer_);
    if (!reader) return reader.error();
    Evidence evidence;
    std::uint64_t offset = from;
    while (offset < reader->bytes()) {
      const Result<std::optional<FrameHeader>> frame = reader->frame_at(offset);
      if (!frame) return frame.error();
      offset = *frame ? next_offset(**frame) : align_up(offset + 1, block_bytes);
      if (!*frame) continue;
      if (evidence.first_lsn == 0) evidence.first_lsn = (*frame)->lsn;
      if ((*frame)->durable >= evidence.durable_max) {
        evidence.durable_max = (*frame)->durable;
        evidence.offset = (*frame)->offset;
      }
    }
    return evidence;
  }

  /// Tells the segments of the log from those that may be used again.
  Result<void> sort_out() {
    for (const Found& segment : found_) {
      const SegmentNumber number = segment.info.number;
      if (segment.opened) {
        const bool dead = number > last_ || voided(number, segment.info.first_lsn);
        if (dead) {
          end_.superseded.push_back(number);
        } else {
          end_.live.push_back(segment.info);
        }
        continue;
      }
      const Result<Evidence> evidence = evidence_of(number);
      if (!evidence) return evidence.error();
      if (evidence->first_lsn == 0) {
        end_.unopened.push_back(number);
      } else if (number > last_ || voided(number, evidence->first_lsn)) {
        end_.superseded.push_back(number);
      } else {
        return Error{ErrorCode::corrupt,
                     at(directory_.segment_path(number), 0) + "expected the segment's header"};
      }
    }
    return {};
  }

  /// Whether a segment of the log that was opened later begins at or before `lsn`.
  [[nodiscard]] bool voided(SegmentNumber number, Lsn lsn) const {
    return std::any_of(found_.begin(), found_.end(), [&](const Found& later) {
      return later.opened && later.info.number > number && later.info.number <= last_ &&
             later.info.first_lsn <= lsn;
    });
  }

  Result<Evidence> evidence_of(SegmentNumber number) {
    for (const auto& [known, evidence] : later_) {
      if (known == number) return evidence;
    }
    return search(number, block_bytes);
  }

  const DataDirectory& directory_;
  const LogStart& start_;
  const FrameVisitor& visit_;
  AlignedBuffer buffer_;
  std::vector<Found> found_;
  std::vector<std::pair<SegmentNumber, Evidence>> later_;  ///< searched after the end
  Lsn expected_ = 1;
  SegmentNumber last_ = 0;  ///< segment in which the scan is, and in the end the log's last
  std::uint64_t stopped_at_ = 0;
  LogEnd end_;
};

}  // namespace

Result<LogEnd> scan_log(const DataDirectory& directory, const LogStart& start,
                        const FrameVisitor& visit) {
  return Scan{directory, start, visit}.run();
}

}  // namespace millrace::journal
