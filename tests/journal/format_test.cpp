// Promise: the bytes of format 1 never change. Compares segment header, frames, checkpoint header
// and chunk with golden files.
#include "actors/journal/format/format.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>

#include <gtest/gtest.h>

#include "actors/journal/checkpoint/checkpoint_format.hpp"
#include "actors/journal/write/group.hpp"

namespace millrace::journal {
namespace {

/// Reads a golden file: bytes in hexadecimal; text from '#' to the end of a line is a comment.
std::string golden(const std::string& name) {
  std::ifstream file{std::filesystem::path{MILLRACE_GOLDEN_DIR} / name};
  EXPECT_TRUE(file.is_open()) << name;
  std::string bytes;
  for (std::string line; std::getline(file, line);) {
    line.resize(std::min(line.find('#'), line.size()));
    std::erase_if(line, [](char c) { return c == ' '; });
    for (std::size_t i = 0; i + 1 < line.size(); i += 2) {
      bytes.push_back(static_cast<char>(std::stoi(line.substr(i, 2), nullptr, 16)));
    }
  }
  return bytes;
}

/// The example of docs/formats/journal.md: records 41 "tea" and 42 "" open segment 7.
std::string example_group() {
  Group group;
  group.first_lsn = 41;
  group.durable = 40;
  group.segment = 7;
  group.segment_bytes = 65536;
  group.offset = block_bytes;
  group.opens_segment = true;
  for (const char* body : {"tea", ""}) {
    auto proposal = std::make_shared<Proposal>();
    proposal->shard = 5;
    proposal->body = body;
    group.records.push_back({group.first_lsn + group.records.size(), Place{}, proposal});
  }
  AlignedBuffer buffer;
  const EncodedGroup encoded = encode_group(group, buffer);
  EXPECT_EQ(encoded.offset, 0u);
  return std::string{encoded.bytes};
}

TEST(Format, OfASegmentHeaderIsFrozen) {
  const std::string bytes = example_group();
  ASSERT_EQ(bytes.size(), 2 * block_bytes);
  EXPECT_EQ(bytes.substr(0, segment_header_bytes), golden("journal_segment_header.hex"));
  EXPECT_EQ(bytes.find_first_not_of('\0', segment_header_bytes), block_bytes);
  const auto header = decode_segment_header(golden("journal_segment_header.hex"));
  ASSERT_TRUE(header);
  EXPECT_EQ(header->segment, 7u);
  EXPECT_EQ(header->first_lsn, 41u);
  EXPECT_EQ(header->segment_bytes, 65536u);
}

TEST(Format, OfFramesIsFrozen) {
  const std::string expected = golden("journal_frames.hex");
  EXPECT_EQ(example_group().substr(block_bytes, expected.size()), expected);
  EXPECT_EQ(expected.size(), frame_bytes(3) + frame_bytes(0));
  const FrameHeader frame = decode_frame_header(expected.data());
  EXPECT_TRUE(frame_intact(expected.data(), frame));
  EXPECT_EQ(frame.lsn, 41u);
  EXPECT_EQ(frame.durable, 40u);
  EXPECT_EQ(frame.offset, block_bytes);
  EXPECT_EQ(frame.shard, 5u);
  EXPECT_EQ(frame.flags, 0u);
  const FrameHeader last = decode_frame_header(expected.data() + frame_bytes(3));
  EXPECT_EQ(last.flags, flag_group_end);
}

TEST(Format, OfACheckpointIsFrozen) {
  std::string block(block_bytes, 'x');
  encode_checkpoint_header(block.data(), {checkpoint_version, 3, {41, 42}});
  EXPECT_EQ(block.substr(0, 44), golden("journal_checkpoint_header.hex"));
  std::string chunk(chunk_header_bytes + piece_header_bytes + 3, '\0');
  encode_piece_header(chunk.data() + chunk_header_bytes, {9, 3, 0});
  chunk.replace(chunk_header_bytes + piece_header_bytes, 3, "tea");
  encode_chunk_header(chunk.data(), {piece_header_bytes + 3, 3, 1, 0, chunk_is_last});
  EXPECT_EQ(chunk, golden("journal_checkpoint_chunk.hex"));
  EXPECT_TRUE(decode_chunk(chunk));
}

TEST(Format, ChecksumIsCrc32c) {
  // The published check value of CRC-32C.
  EXPECT_EQ(crc32c("123456789"), 0xE3069283u);
  EXPECT_EQ(crc32c(""), 0u);
}

}  // namespace
}  // namespace millrace::journal
