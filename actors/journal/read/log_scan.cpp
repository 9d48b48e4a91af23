#include "actors/journal/read/log_scan.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "actors/journal/disk/durable_point.hpp"
#include "actors/journal/disk/files.hpp"
#include "actors/journal/read/segment_reader.hpp"

namespace millrace::journal {
namespace {

/// A segment file of the directory.
struct SegmentFile {
  SegmentInfo info;
  bool is_opened = false;  ///< it has an intact header with its own number
};

/// What the intact frames in a part of a segment state.
struct Evidence {
  Lsn durable_max = 0;       ///< highest FrameHeader::durable
  std::uint64_t offset = 0;  ///< of the frame that states durable_max
  Lsn first_lsn = 0;         ///< of the first intact frame; 0 if there is none
};

std::string at(const FileSystem::Path& path, std::uint64_t offset) {
  return path.string() + ": offset " + std::to_string(offset) + ": ";
}

/// One run of scan_log().
class Scan {
 public:
  Scan(const DataDirectory& directory, const LogStart& start, const FrameVisitor& visit)
      : directory_(directory), start_(start), visit_(visit) {}

  Result<LogEnd> run() {
    Result<std::optional<DurablePoint>> point = read_durable_point(directory_);
    if (!point) return point.error();
    point_ = *point;
    if (Result<void> done = find_segments(); !done) return done.error();
    const SegmentFile* segment = newest_segment(0, start_.replay_from, false);
    expected_ = segment != nullptr ? segment->info.first_lsn : start_.replay_from;
    while (segment != nullptr) {
      last_ = segment->info.number;
      if (Result<void> done = visit_segment(*segment); !done) return done.error();
      segment = newest_segment(last_, expected_, true);
    }
    if (Result<void> done = check_end(); !done) return done.error();
    end_.last_lsn = expected_ - 1;
    if (Result<void> done = classify_segments(); !done) return done.error();
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
      SegmentFile file{{*number, 0, reader->bytes()}, header->has_value()};
      if (file.is_opened) file.info.first_lsn = (*header)->first_lsn;
      files_.push_back(file);
      end_.last_number = std::max(end_.last_number, *number);
    }
    std::sort(files_.begin(), files_.end(), [](const SegmentFile& a, const SegmentFile& b) {
      return a.info.number < b.info.number;
    });
    return {};
  }

  /// The newest opened segment after number `after` that begins at `lsn` or, unless `exact`, before
  /// it; null if there is none. The newest one counts: a start opens a segment where it found the
  /// end of the log, so frames of that lsn and above in older segments are no part of the log.
  [[nodiscard]] const SegmentFile* newest_segment(SegmentNumber after, Lsn lsn, bool exact) const {
    for (auto it = files_.rbegin(); it != files_.rend() && it->info.number > after; ++it) {
      if (!it->is_opened) continue;
      if (exact ? it->info.first_lsn == lsn : it->info.first_lsn <= lsn) return &*it;
    }
    return nullptr;
  }

  /// Visits the records of a segment, until an intact one is missing or a later segment begins at
  /// the next one. Then offset_ is where the next frame would be.
  Result<void> visit_segment(const SegmentFile& segment) {
    Result<SegmentReader> reader = SegmentReader::open(directory_, segment.info.number, buffer_);
    if (!reader) return reader.error();
    offset_ = block_bytes;
    while (newest_segment(segment.info.number, expected_, true) == nullptr) {
      const Result<std::optional<FrameHeader>> frame = reader->frame_at(offset_);
      if (!frame) return frame.error();
      if (!*frame || (*frame)->lsn != expected_) return {};
      offset_ = next_offset(**frame);
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

  /// No record `expected_` was found. Fails with `corrupt` if that record was confirmed.
  Result<void> check_end() {
    const std::string where = last_ == 0 ? directory_.segments_path().string() + ": "
                                         : at(directory_.segment_path(last_), offset_);
    const std::string expected = where + "expected record " + std::to_string(expected_);
    if (last_ == 0 && start_.replay_from > 1) {
      const Result<std::string> headerless = segment_without_header();
      if (!headerless) return headerless.error();
      return Error{ErrorCode::corrupt,
                   expected +
                       ", from which the checkpoint requires replay, but no segment holds it" +
                       *headerless};
    }
    for (const SegmentFile& segment : files_) {
      if (segment.info.number < last_) continue;
      // The rest of the same group was formed before record `expected_` was durable, so it cannot
      // be a witness. Begin at the next block, where later groups may begin.
      const std::uint64_t from =
          segment.info.number == last_ ? align_up(offset_ + 1, block_bytes) : block_bytes;
      const Result<Evidence> evidence = search(segment.info.number, from);
      if (!evidence) return evidence.error();
      if (evidence->first_lsn != 0) end_.torn = true;
      if (evidence->durable_max >= expected_) {
        return damaged(expected,
                       at(directory_.segment_path(segment.info.number), evidence->offset) +
                           "a frame states that records up to " +
                           std::to_string(evidence->durable_max) + " were durable" +
                           empty_before(segment.info.number));
      }
      if (segment.info.number > last_) evidence_.emplace_back(segment.info.number, *evidence);
    }
    if (start_.last_durable >= expected_) {
      return damaged(expected, "the checkpoint states that records up to " +
                                   std::to_string(start_.last_durable) + " were durable");
    }
    if (point_ && point_->durable >= expected_) {
      const FileSystem::Path path = directory_.segment_path(point_->segment);
      const bool exists = std::any_of(files_.begin(), files_.end(), [&](const SegmentFile& file) {
        return file.info.number == point_->segment;
      });
      return damaged(expected, directory_.format_path().string() + " states that records up to " +
                                   std::to_string(point_->durable) + " were durable, and that " +
                                   path.string() + (exists ? "" : ", which is missing,") +
                                   " begins with record " + std::to_string(point_->first_lsn));
    }
    return {};
  }

  /// For errors: names the segment after the last one that was read, if it should lie before segment
  /// `witness` and holds nothing; empty if there is none.
  [[nodiscard]] std::string empty_before(SegmentNumber witness) const {
    const SegmentNumber next = last_ + 1;
    if (last_ == 0 || next >= witness) return {};
    const auto it = std::find_if(files_.begin(), files_.end(),
                                 [&](const SegmentFile& file) { return file.info.number == next; });
    if (it != files_.end() && it->is_opened) return {};
    return ", and " + directory_.segment_path(next).string() + " before it " +
           (it == files_.end() ? "is missing" : "has no header");
  }

  /// The error of a confirmed record that is not there; `witness` says why it was confirmed.
  Error damaged(const std::string& expected, const std::string& witness) {
    const Result<std::string> headerless = segment_without_header();
    if (!headerless) return headerless.error();
    return Error{ErrorCode::corrupt, expected +
                                         ", which was confirmed, but no intact frame is there (" +
                                         witness + ")" + *headerless};
  }

  /// For errors: names a segment that has lost its header and may hold record `expected_`; empty if
  /// there is none.
  Result<std::string> segment_without_header() {
    for (auto it = files_.rbegin(); it != files_.rend() && it->info.number > last_; ++it) {
      if (it->is_opened) continue;
      const Result<Evidence> evidence = evidence_of(it->info.number);
      if (!evidence) return evidence.error();
      if (evidence->first_lsn == 0 || evidence->first_lsn > expected_) continue;
      return "; " + at(directory_.segment_path(it->info.number), 0) +
             "expected the segment's header, as its frames begin with record " +
             std::to_string(evidence->first_lsn);
    }
    return std::string{};
  }

  /// Collects the evidence of the intact frames of a segment from offset `from` on.
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

  /// Divides the segment files into live, superseded and unopened ones. Fails with `corrupt` if a
  /// segment of the log has lost its header.
  Result<void> classify_segments() {
    for (const SegmentFile& segment : files_) {
      const SegmentNumber number = segment.info.number;
      if (segment.is_opened) {
        if (number > last_ || is_superseded(number, segment.info.first_lsn)) {
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
      } else if (number > last_ || is_superseded(number, evidence->first_lsn)) {
        end_.superseded.push_back(number);
      } else {
        return Error{ErrorCode::corrupt,
                     at(directory_.segment_path(number), 0) + "expected the segment's header"};
      }
    }
    return {};
  }

  /// Whether a later segment of the log begins at or before `lsn`: then segment `number`, which
  /// begins at `lsn`, holds no part of the log.
  [[nodiscard]] bool is_superseded(SegmentNumber number, Lsn lsn) const {
    return std::any_of(files_.begin(), files_.end(), [&](const SegmentFile& later) {
      return later.is_opened && later.info.number > number && later.info.number <= last_ &&
             later.info.first_lsn <= lsn;
    });
  }

  Result<Evidence> evidence_of(SegmentNumber number) {
    for (const auto& [known, evidence] : evidence_) {
      if (known == number) return evidence;
    }
    return search(number, block_bytes);
  }

  const DataDirectory& directory_;
  const LogStart& start_;
  const FrameVisitor& visit_;
  std::optional<DurablePoint> point_;
  AlignedBuffer buffer_;
  std::vector<SegmentFile> files_;                            ///< by number
  std::vector<std::pair<SegmentNumber, Evidence>> evidence_;  ///< of the segments after last_
  Lsn expected_ = 1;                                          ///< lsn of the next record
  SegmentNumber last_ = 0;    ///< segment being scanned; in the end, the last one of the log
  std::uint64_t offset_ = 0;  ///< in segment last_, where the next frame is expected
  LogEnd end_;
};

}  // namespace

Result<LogEnd> scan_log(const DataDirectory& directory, const LogStart& start,
                        const FrameVisitor& visit) {
  return Scan{directory, start, visit}.run();
}

}  // namespace millrace::journal
