#include "apps/audit/disk/segment_file.hpp"

#include "apps/audit/disk/checksum.hpp"
#include "apps/audit/disk/data_files.hpp"

namespace millrace::audit {
namespace {

constexpr std::string_view magic{"MILLSEG\0", 8};
constexpr std::uint64_t frame_header_bytes = 40;
constexpr std::uint32_t ends_group = 1;
constexpr std::uint32_t mark = 2;

constexpr std::uint64_t round_up(std::uint64_t value, std::uint64_t unit) {
  return (value + unit - 1) / unit * unit;
}

}  // namespace

std::optional<SegmentHeader> parse_segment_header(std::string_view block) {
  if (block.size() < 40 || block.substr(0, 8) != magic ||
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
  const std::string_view all = bytes_;
  if (offset + frame_header_bytes > all.size()) return std::nullopt;
  const std::string_view at = all.substr(offset);
  const auto length = number_at<std::uint32_t>(at, 4);
  const auto flags = number_at<std::uint32_t>(at, 36);
  Frame frame;
  frame.lsn = number_at<std::uint64_t>(at, 8);
  frame.durable = number_at<std::uint64_t>(at, 16);
  frame.offset = offset;
  if (number_at<std::uint32_t>(at, 24) != number_ || number_at<std::uint32_t>(at, 28) != offset ||
      frame.lsn == 0 || length > at.size() - frame_header_bytes ||
      number_at<std::uint32_t>(at, 0) != crc32c(at.substr(4, frame_header_bytes - 4 + length))) {
    return std::nullopt;
  }
  frame.body = at.substr(frame_header_bytes, length);
  frame.is_mark = (flags & mark) != 0;
  frame.next =
      round_up(offset + frame_header_bytes + length, (flags & ends_group) != 0 ? block_bytes : 8);
  return frame;
}

std::optional<Frame> SegmentFile::frame_from(std::uint64_t offset) const {
  for (; offset < bytes(); offset = round_up(offset + 1, block_bytes)) {
    if (auto frame = frame_at(offset)) return frame;
  }
  return std::nullopt;
}

}  // namespace millrace::audit
