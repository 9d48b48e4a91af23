#include "apps/audit/disk/log_files.hpp"

#include <algorithm>
#include <utility>

namespace millrace::audit {
namespace {

constexpr std::uint32_t segment_version_max = 1;

}  // namespace

std::string LogFiles::name_of(std::uint32_t segment) const {
  const auto found = files_.segments.find(segment);
  return found == files_.segments.end() ? "segments" : name_in(files_, found->second);
}

void LogFiles::damage(std::uint32_t segment, std::uint64_t offset, std::uint64_t record,
                      std::string text) {
  extent_.damage.push_back({name_of(segment), offset, record, std::move(text)});
}

Result<void> LogFiles::find_segments() {
  if (has_found_) return {};
  has_found_ = true;
  for (const auto& [number, path] : files_.segments) {
    const auto file = ReadFile::open(path);
    if (!file) return file.error();
    const auto block = file->read(0, block_bytes);
    if (!block) return block.error();
    Segment segment{number, 0, file->bytes()};
    const auto wrong = [&, number = number](std::string text) {
      early_damage_.push_back({name_of(number), segment.bytes, 0, std::move(text)});
    };
    if (segment.bytes == 0 || segment.bytes % block_bytes != 0) {
      wrong("the file ends here; expected whole blocks of 4096 bytes");
    }
    const auto header = parse_segment_header(*block);
    if (header && header->version > segment_version_max) {
      return Error{ErrorCode::unsupported_version,
                   path.string() + ": segment format " + std::to_string(header->version)};
    }
    // A recycled segment has the header of its former number until it is opened again.
    if (header && header->number == number) {
      segment.first_lsn = header->first_lsn;
      if (header->bytes != segment.bytes) {
        wrong("the file ends here; its header states " + std::to_string(header->bytes) + " bytes");
      }
    }
    all_.push_back(segment);
  }
  for (const Segment& segment : all_) {
    if (segment.first_lsn != 0 && !is_superseded(segment, segment.first_lsn)) {
      chain_.push_back(segment);
    }
  }
  return {};
}

// A later segment begins at or before `first_lsn`: a start found the end of the log before it.
bool LogFiles::is_superseded(const Segment& segment, std::uint64_t first_lsn) const {
  return std::any_of(all_.begin(), all_.end(), [&](const Segment& later) {
    return later.number > segment.number && later.first_lsn != 0 && later.first_lsn <= first_lsn;
  });
}

Result<std::uint64_t> LogFiles::first_lsn() {
  if (auto found = find_segments(); !found) return found.error();
  return chain_.empty() ? std::uint64_t{0} : chain_.front().first_lsn;
}

Result<LogExtent> LogFiles::read(const Witness& witness,
                                 const std::function<void(const LogRecord&)>& visit) {
  witness_ = witness;
  if (auto found = find_segments(); !found) return found.error();
  extent_ = LogExtent{};
  extent_.damage = early_damage_;
  has_ended_ = false;
  expected_ = chain_.empty() ? witness.replay_from : chain_.front().first_lsn;
  extent_.first_lsn = chain_.empty() ? 0 : expected_;
  for (std::size_t i = 0; i < chain_.size() && !has_ended_; ++i) {
    if (auto read = read_segment(i, visit); !read) return read.error();
  }
  extent_.last_lsn = expected_ - 1;
  if (!extent_.is_damaged) check_end();
  if (auto checked = check_headers(); !checked) return checked.error();
  return std::move(extent_);
}

Result<void> LogFiles::read_segment(std::size_t index,
                                    const std::function<void(const LogRecord&)>& visit) {
  const Segment& segment = chain_[index];
  const std::uint64_t end = index + 1 < chain_.size() ? chain_[index + 1].first_lsn : 0;
  const auto file = SegmentFile::read(segment.number, files_.segments.at(segment.number));
  if (!file) return file.error();
  std::uint64_t offset = block_bytes;
  while (expected_ != end) {
    const auto frame = file->frame_at(offset);
    if (!frame || frame->lsn != expected_) return judge_gap(*file, index, offset);
    ++extent_.frames;
    offset = frame->next;
    if (frame->is_mark) continue;
    visit({expected_, (std::uint64_t{segment.number} << 32) | frame->offset, frame->body});
    ++expected_;
  }
  return {};
}

// Record `expected_` is not at `offset`: was it confirmed, or is this the end of the log?
Result<void> LogFiles::judge_gap(const SegmentFile& file, std::size_t index, std::uint64_t offset) {
  const std::uint32_t number = chain_[index].number;
  std::string stated_by;
  std::uint64_t durable = witness_.durable;
  if (durable >= expected_) stated_by = witness_.stated_by;
  const auto search = [&](std::uint32_t where, const SegmentFile& segment, std::uint64_t from) {
    for (auto frame = segment.frame_from(from); frame; frame = segment.frame_from(frame->next)) {
      if (frame->durable < expected_ || !stated_by.empty()) continue;
      durable = frame->durable;
      stated_by = name_of(where) + " at " + std::to_string(frame->offset);
    }
  };
  // The rest of the same group was formed before the record could be durable.
  search(number, file, (offset + block_bytes) / block_bytes * block_bytes);
  for (const Segment& later : all_) {
    if (later.number <= number || !stated_by.empty()) continue;
    const auto read = SegmentFile::read(later.number, files_.segments.at(later.number));
    if (!read) return read.error();
    search(later.number, *read, block_bytes);
  }
  if (stated_by.empty()) {  // torn: never confirmed
    has_ended_ = true;
    return {};
  }
  damage(number, offset, expected_,
         "expected record " + std::to_string(expected_) + ", intact; it was confirmed (" +
             stated_by + " states that records up to " + std::to_string(durable) +
             " were durable)");
  if (index + 1 < chain_.size() && chain_[index + 1].first_lsn <= witness_.replay_from) {
    expected_ = chain_[index + 1].first_lsn;  // a start does not read the damaged part
    return {};
  }
  has_ended_ = extent_.is_damaged = true;
  return {};
}

void LogFiles::check_end() {
  if (chain_.empty() ? witness_.replay_from > 1 || witness_.durable > 0
                     : chain_.front().first_lsn > witness_.replay_from) {
    damage(0, 0, witness_.replay_from,
           "expected record " + std::to_string(witness_.replay_from) +
               ", from which a start replays; no segment has it");
    extent_.is_damaged = true;
  } else if (witness_.durable >= expected_) {
    damage(0, 0, expected_,
           "the log ends with record " + std::to_string(expected_ - 1) + "; " + witness_.stated_by +
               " states that records up to " + std::to_string(witness_.durable) + " were durable");
    extent_.is_damaged = true;
  }
}

// A segment whose header is damaged is not in the chain: its frames show that it should be.
Result<void> LogFiles::check_headers() {
  for (const Segment& segment : all_) {
    const bool is_last = chain_.empty() || segment.number > chain_.back().number;
    if (segment.first_lsn != 0 || is_last) continue;
    const auto file = SegmentFile::read(segment.number, files_.segments.at(segment.number));
    if (!file) return file.error();
    const auto frame = file->frame_from(block_bytes);
    if (!frame || is_superseded(segment, frame->lsn)) continue;
    damage(segment.number, 0, frame->lsn,
           "expected the segment's header; its frames begin with record " +
               std::to_string(frame->lsn));
  }
  return {};
}

Result<void> LogFiles::read_at(
    std::span<const Place> places,
    const std::function<void(std::size_t, const std::optional<LogRecord>&)>& visit) const {
  std::optional<SegmentFile> file;
  std::uint32_t loaded = 0;
  for (std::size_t i = 0; i < places.size(); ++i) {
    const auto number = static_cast<std::uint32_t>(places[i] >> 32);
    if (number != loaded) {
      loaded = number;
      file.reset();
      const auto found = files_.segments.find(number);
      if (found != files_.segments.end()) {
        auto read = SegmentFile::read(number, found->second);
        if (!read) return read.error();
        file = *std::move(read);
      }
    }
    const auto frame = file ? file->frame_at(places[i] & 0xffffffff) : std::nullopt;
    if (frame && !frame->is_mark) {
      visit(i, LogRecord{frame->lsn, places[i], frame->body});
    } else {
      visit(i, std::nullopt);
    }
  }
  return {};
}

}  // namespace millrace::audit
