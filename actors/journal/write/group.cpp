#include "actors/journal/write/group.hpp"

#include <cstring>
#include <string>
#include <utility>

#include "actors/base/assert.hpp"

namespace millrace::journal {

void LogTail::open(ReadySegment segment) {
  segment_ = std::move(segment);
  offset_ = block_bytes;
  needs_header_ = true;
}

void LogTail::place(Group& group, std::uint64_t bytes) {
  MILLRACE_ASSERT(bytes <= room());
  group.first_lsn = next_lsn_;
  group.segment = segment_.number;
  group.segment_bytes = segment_.bytes;
  group.offset = offset_;
  group.opens_segment = std::exchange(needs_header_, false);
  group.file = segment_.file;
  for (Committed& record : group.records) record.lsn = next_lsn_++;
  offset_ += align_up(bytes, block_bytes);
}

EncodedGroup encode_group(Group& group, AlignedBuffer& buffer) {
  const std::size_t header = group.opens_segment ? block_bytes : 0;
  std::uint64_t needed = header;
  for (const Committed& record : group.records) needed += frame_bytes(record.proposal->body.size());
  if (group.records.empty()) needed += frame_bytes(0);
  buffer.reserve(needed);
  if (group.opens_segment) {
    encode_segment_header(buffer.data(),
                          {segment_version, group.segment, group.first_lsn, group.segment_bytes});
  }
  std::size_t filled = header;
  FrameHeader frame;
  frame.durable = group.durable;
  frame.segment = group.segment;
  const auto add = [&](std::string_view body) {
    frame.length = static_cast<std::uint32_t>(body.size());
    frame.offset = static_cast<std::uint32_t>(group.offset + filled - header);
    filled += encode_frame(buffer.data() + filled, frame, body);
  };
  if (group.records.empty()) {
    frame.lsn = group.first_lsn;
    frame.flags = flag_mark | flag_group_end;
    add({});
  }
  for (Committed& record : group.records) {
    frame.lsn = record.lsn;
    frame.shard = record.proposal->shard;
    frame.flags = &record == &group.records.back() ? flag_group_end : 0;
    add(record.proposal->body);
    record.place = make_place(group.segment, frame.offset);
    record.proposal->body.clear();
  }
  const std::size_t padded = align_up(filled, block_bytes);
  std::memset(buffer.data() + filled, 0, padded - filled);
  return {group.offset - header, buffer.view(0, padded)};
}

}  // namespace millrace::journal
