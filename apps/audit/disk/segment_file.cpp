#include "apps/audit/disk/segment_file.hpp"

#include "apps/audit/disk/data_files.hpp"
#include "apps/audit/format/checksum.hpp"
#include "apps/audit/format/frame.hpp"

namespace millrace::audit {
namespace {

constexpr std::string_view segment_magic{"MILLSEG\0", 8};

}  // namespace

std::optional<SegmentHeader> parse_segment_header(std::string_view block) {
  if (block.size() < 40 || block.substr(0, 8) != segment_magic ||
      number_at<std::uint32_t>(block, 36) != crc32c(block.substr(0, 36))) {
    return std::nullopt;
  }
  return SegmentHeader{number_at<std::uint32_t>(block, 8), number_at<std::uint32_t>(block, 12),
                       number_at<std::uint64_t>(block, 16), number_at<std::uint64_t>(block, 24)};
}

Result<SegmentFile> SegmentFile::read(std::uint32_t number, const std::filesystem::path& path) {
  auto file = ReadFile::open(path);
  if (!file) return file.error();
  auto bytes = file->read(0, file->bytes());
  if (!bytes) return bytes.error();
  return SegmentFile(number, *std::move(bytes));
}

std::optional<Frame> SegmentFile::frame_at(std::uint64_t offset) const {
  if (offset > bytes_.size()) return std::nullopt;
  const auto fields = parse_frame(std::string_view(bytes_).substr(offset));
  if (!fields || fields->segment != number_ || fields->position != offset) return std::nullopt;
  Frame frame;
  frame.lsn = fields->lsn;
  frame.durable = fields->durable;
  frame.offset = offset;
  frame.body = fields->body;
  frame.is_mark = (fields->flags & mark_flag) != 0;
  frame.next =
      round_up(offset + fields->bytes, (fields->flags & ends_group_flag) != 0 ? block_bytes : 8);
  return frame;
}

std::optional<Frame> SegmentFile::frame_from(std::uint64_t offset) const {
  for (; offset < bytes(); offset = round_up(offset + 1, block_bytes)) {
    if (auto frame = frame_at(offset)) return frame;
  }
  return std::nullopt;
}

}  // namespace millrace::audit
