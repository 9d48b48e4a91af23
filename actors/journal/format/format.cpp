#include "actors/journal/format/format.hpp"

#include <cstring>

namespace millrace::journal {
namespace {

constexpr std::string_view segment_magic{"MILLSEG\0", 8};

}  // namespace

std::size_t encode_frame(char* at, const FrameHeader& header, std::string_view body) {
  put(at + 4, header.length);
  put(at + 8, header.lsn);
  put(at + 16, header.durable);
  put(at + 24, header.segment);
  put(at + 28, header.offset);
  put(at + 32, header.shard);
  put(at + 36, header.flags);
  if (!body.empty()) std::memcpy(at + frame_header_bytes, body.data(), body.size());
  const std::size_t bytes = frame_header_bytes + body.size();
  put(at, crc32c({at + 4, bytes - 4}));
  const std::size_t padded = align_up(bytes, frame_align);
  std::memset(at + bytes, 0, padded - bytes);
  return padded;
}

FrameHeader decode_frame_header(const char* at) {
  FrameHeader header;
  header.length = get<std::uint32_t>(at + 4);
  header.lsn = get<Lsn>(at + 8);
  header.durable = get<Lsn>(at + 16);
  header.segment = get<SegmentNumber>(at + 24);
  header.offset = get<std::uint32_t>(at + 28);
  header.shard = get<std::uint32_t>(at + 32);
  header.flags = get<std::uint32_t>(at + 36);
  return header;
}

bool frame_intact(const char* at, const FrameHeader& header) {
  const std::size_t covered = frame_header_bytes - 4 + header.length;
  return get<std::uint32_t>(at) == crc32c({at + 4, covered});
}

void encode_segment_header(char* at, const SegmentHeader& header) {
  std::memset(at, 0, block_bytes);
  std::memcpy(at, segment_magic.data(), segment_magic.size());
  put(at + 8, header.version);
  put(at + 12, header.segment);
  put(at + 16, header.first_lsn);
  put(at + 24, header.segment_bytes);
  put(at + 36, crc32c({at, 36}));
}

std::optional<SegmentHeader> decode_segment_header(std::string_view bytes) {
  if (bytes.size() < segment_header_bytes) return std::nullopt;
  const char* at = bytes.data();
  if (bytes.substr(0, 8) != segment_magic) return std::nullopt;
  if (get<std::uint32_t>(at + 36) != crc32c({at, 36})) return std::nullopt;
  SegmentHeader header;
  header.version = get<std::uint32_t>(at + 8);
  header.segment = get<SegmentNumber>(at + 12);
  header.first_lsn = get<Lsn>(at + 16);
  header.segment_bytes = get<std::uint64_t>(at + 24);
  return header;
}

}  // namespace millrace::journal
