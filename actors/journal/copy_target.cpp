#include "actors/journal/copy_target.hpp"

#include <algorithm>
#include <array>
#include <filesystem>

#include <unistd.h>

#include "actors/base/assert.hpp"
#include "actors/journal/checkpoint/checkpoint.hpp"
#include "actors/journal/write/group.hpp"

namespace millrace::journal {
namespace {

using Path = FileSystem::Path;

constexpr std::uint64_t first_checkpoint = 1;

}  // namespace

Result<std::unique_ptr<JournalCopyTarget>> JournalCopyTarget::open(FileSystem& files,
                                                                   const Path& path,
                                                                   const Options& options) {
  if (auto valid = validate(options); !valid) return valid.error();
  auto directory = DataDirectory::make_unfinished(files, path);
  if (!directory) return directory.error();
  std::unique_ptr<JournalCopyTarget> target{new JournalCopyTarget(*std::move(directory), options)};
  return target;
}

JournalCopyTarget::~JournalCopyTarget() {
  if (is_complete_) return;
  file_.reset();
  for (const Path& path : written_) {
    [[maybe_unused]] const Result<void> removed = directory_.files().remove(path);
  }
}

std::string JournalCopyTarget::where(const Path& path) {
  std::array<char, 256> host{};
  [[maybe_unused]] const int named = gethostname(host.data(), host.size() - 1);
  return "the directory " + std::filesystem::absolute(path).lexically_normal().string() + " on " +
         host.data();
}

Result<void> JournalCopyTarget::open_segment(logs::Lsn first_lsn, std::uint64_t frame_bytes) {
  if (auto closed = close_segment(); !closed) return closed;
  const SegmentNumber number = point_.segment + 1;
  const Path path = directory_.segment_path(number);
  written_.push_back(path);
  auto file = directory_.files().open(path, OpenMode::create, Access::buffered);
  if (!file) return file.error();
  file_ = *std::move(file);
  // A log that was written with longer segments may have a record that needs one.
  segment_bytes_ =
      std::max(options_.segment_bytes, block_bytes + align_up(frame_bytes, block_bytes));
  if (auto filled = file_->zero_fill(segment_bytes_); !filled) return filled;
  std::string header(block_bytes, '\0');
  encode_segment_header(header.data(), {segment_version, number, first_lsn, segment_bytes_});
  if (auto written = file_->write(0, header); !written) return written;
  point_.segment = number;
  point_.first_lsn = first_lsn;
  offset_ = block_bytes;
  return {};
}

Result<void> JournalCopyTarget::close_segment() {
  if (file_ == nullptr) return {};
  if (auto written = write_group(); !written) return written;
  Result<void> synced = file_->sync();
  file_.reset();
  return synced;
}

Result<logs::Place> JournalCopyTarget::add(const logs::Frame& frame) {
  MILLRACE_ASSERT(point_.durable == 0 || frame.lsn == point_.durable + 1);
  const std::uint64_t bytes = frame_bytes(frame.body.size());
  if (!group_.empty() && group_.size() + bytes > options_.group_bytes_max) {
    if (auto written = write_group(); !written) return written.error();
  }
  if (file_ == nullptr || offset_ + group_.size() + bytes > segment_bytes_) {
    if (auto opened = open_segment(frame.lsn, bytes); !opened) return opened.error();
  }
  if (group_.empty()) durable_ = frame.lsn - 1;
  last_frame_ = group_.size();
  FrameHeader header;
  header.length = static_cast<std::uint32_t>(frame.body.size());
  header.lsn = frame.lsn;
  header.durable = durable_;
  header.segment = point_.segment;
  header.offset = static_cast<std::uint32_t>(offset_ + last_frame_);
  header.shard = frame.shard;
  group_.resize(last_frame_ + bytes);
  encode_frame(group_.data() + last_frame_, header, frame.body);
  point_.durable = frame.lsn;
  return make_place(point_.segment, header.offset);
}

Result<void> JournalCopyTarget::write_group() {
  if (group_.empty()) return {};
  FrameHeader header = decode_frame_header(group_.data() + last_frame_);
  header.flags = flag_group_end;
  const std::string body = group_.substr(last_frame_ + frame_header_bytes, header.length);
  encode_frame(group_.data() + last_frame_, header, body);
  group_.resize(align_up(group_.size(), block_bytes), '\0');
  if (auto written = file_->write(offset_, group_); !written) return written;
  offset_ += group_.size();
  group_.clear();
  return {};
}

Result<void> JournalCopyTarget::write_checkpoint(logs::Lsn replay_from,
                                                 const logs::CheckpointFill& fill) {
  written_.push_back(directory_.checkpoint_path(first_checkpoint));
  const auto written =
      journal::write_checkpoint(directory_, first_checkpoint, {replay_from, point_.durable}, fill);
  if (!written) return written.error();
  return {};
}

Result<void> JournalCopyTarget::prepare() {
  if (auto closed = close_segment(); !closed) return closed;
  point_.count = 1;
  Path unfinished = directory_.format_path();
  unfinished += unfinished_suffix;
  written_.push_back(unfinished);
  if (auto prepared = directory_.prepare(format_file(point_)); !prepared) return prepared;
  const Path parent = std::filesystem::absolute(directory_.path()).lexically_normal().parent_path();
  return directory_.files().sync_dir(parent);
}

Result<void> JournalCopyTarget::complete() {
  if (auto completed = directory_.complete(); !completed) return completed;
  is_complete_ = true;
  return {};
}

}  // namespace millrace::journal
