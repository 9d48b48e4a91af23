// Promises of the bytes of rows and parts: what is written is read back, and each changed byte is noticed.
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "actors/postgres_log/core/names.hpp"
#include "actors/postgres_log/core/part_format.hpp"
#include "actors/postgres_log/core/row_format.hpp"

namespace millrace::postgres_log {
namespace {

class TestProposal final : public logs::Proposal {};

std::vector<logs::Committed> records_of(const std::vector<std::string>& bodies) {
  std::vector<logs::Committed> records;
  for (const std::string& body : bodies) {
    auto proposal = std::make_shared<TestProposal>();
    proposal->body = body;
    proposal->shard = static_cast<std::uint32_t>(body.size());
    records.push_back({0, {}, std::move(proposal)});
  }
  return records;
}

const std::vector<std::string> bodies{"first", "", std::string("a\0b", 3), std::string(1'000, 'x')};

TEST(RowFormat, IsReadBack) {
  auto records = records_of(bodies);
  std::string bytes;
  encode_row(records, {7, 100, 110}, 105, bytes);
  EXPECT_EQ(records[0].lsn, 110u);
  EXPECT_EQ(records[3].place, logs::make_place(7, 13));
  EXPECT_TRUE(records[0].proposal->body.empty());
  const auto head = decode_row_head(bytes);
  ASSERT_TRUE(head);
  EXPECT_EQ(head->lsn, 110u);
  EXPECT_EQ(head->durable, 105u);
  EXPECT_EQ(head->segment, 7u);
  EXPECT_EQ(head->segment_first_lsn, 100u);
  std::vector<std::string> found;
  const auto visited = visit_row({7, 110, 4, bytes}, 111, [&](const Frame& frame) {
    EXPECT_EQ(frame.lsn, 111 + found.size());
    EXPECT_EQ(frame.place, records[found.size() + 1].place);
    EXPECT_EQ(frame.shard, frame.body.size());
    found.emplace_back(frame.body);
    return Result<void>{};
  });
  ASSERT_TRUE(visited) << visited.error().message;
  EXPECT_EQ(found, std::vector<std::string>(bodies.begin() + 1, bodies.end()));
}

TEST(RowFormat, NoticesEachChangedByteAndEachOtherLength) {
  auto records = records_of({"one", "and another one"});
  std::string bytes;
  encode_row(records, {1, 1, 1}, 0, bytes);
  const auto is_whole = [&](const Row& row) {
    return visit_row(row, 1, [](const Frame&) { return Result<void>{}; });
  };
  ASSERT_TRUE(is_whole({1, 1, 2, bytes}));
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    std::string changed = bytes;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    // Padding has no meaning.
    const bool is_padding = i >= 43 && i < 48;
    const bool is_end = i >= 48 + 55;
    if (is_padding || is_end) continue;
    const auto read = is_whole({1, 1, 2, changed});
    ASSERT_FALSE(read) << "byte " << i;
    EXPECT_EQ(read.error().code, ErrorCode::corrupt);
  }
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(is_whole({1, 1, 2, bytes.substr(0, size)})) << size;
  }
  EXPECT_FALSE(is_whole({1, 1, 2, bytes + std::string(8, '\0')}));
  EXPECT_FALSE(is_whole({2, 1, 2, bytes})) << "of another segment";
  EXPECT_FALSE(is_whole({1, 2, 2, bytes})) << "of other records";
  EXPECT_FALSE(is_whole({1, 1, 1, bytes})) << "another count";
  EXPECT_FALSE(is_whole({1, 1, 0, {}})) << "an empty row";
}

using Entries = std::vector<std::pair<logs::Section, std::string>>;

TEST(PartFormat, IsReadBackAcrossParts) {
  const Entries entries{{1, "first"}, {2, ""}, {3, std::string(3u << 20, 'x')}, {1, "last"}};
  std::vector<std::string> parts;
  PartEncoder encoder(9, [&](std::string_view part) {
    parts.emplace_back(part);
    return Result<void>{};
  });
  for (const auto& [section, bytes] : entries) ASSERT_TRUE(encoder.add(section, bytes));
  ASSERT_TRUE(encoder.finish());
  EXPECT_EQ(encoder.parts(), parts.size());
  EXPECT_EQ(encoder.entries(), 4u);
  EXPECT_GE(parts.size(), 4u);
  Entries found;
  const auto visit = [&](logs::Section section, std::string_view bytes) {
    found.emplace_back(section, bytes);
    return Result<void>{};
  };
  PartDecoder decoder(9);
  for (const std::string& part : parts) {
    EXPECT_FALSE(decoder.finish()) << "before the last part";
    const auto added = decoder.add(part, visit);
    ASSERT_TRUE(added) << added.error().message;
  }
  EXPECT_TRUE(decoder.finish());
  EXPECT_EQ(found, entries);
  EXPECT_FALSE(decoder.add(parts.back(), visit)) << "behind the last part";
  EXPECT_FALSE(PartDecoder(8).add(parts.front(), visit)) << "of another checkpoint";
  EXPECT_FALSE(PartDecoder(9).add(parts[1], visit)) << "not the first part";
  std::mt19937_64 random(5);
  for (int i = 0; i < 200; ++i) {
    std::string changed = parts.back();
    changed[random() % changed.size()] ^= 1;
    PartDecoder other(9);
    for (std::size_t at = 0; at + 1 < parts.size(); ++at) ASSERT_TRUE(other.add(parts[at], visit));
    EXPECT_FALSE(other.add(changed, visit));
  }
}

TEST(Names, OfSchemasNeedNoQuotes) {
  for (const char* good : {"millrace", "a", "a_1", "cluster2"}) EXPECT_TRUE(is_schema_name(good));
  for (const char* bad : {"", "A", "1a", "_a", "a-b", "a b", "a;drop", "a\"", "pg_log", "ä"}) {
    EXPECT_FALSE(is_schema_name(bad)) << bad;
  }
  EXPECT_FALSE(is_schema_name(std::string(49, 'a')));
  EXPECT_EQ(segment_table("millrace", 3, 17), "millrace.segment_3_17");
  EXPECT_EQ(number_behind("segment_3_", "segment_3_17"), 17u);
  EXPECT_FALSE(number_behind("segment_3_", "segment_31_7"));
  EXPECT_FALSE(number_behind("segment_3_", "segment_3_"));
  EXPECT_FALSE(number_behind("segment_3_", "segment_3_1x"));
}

}  // namespace
}  // namespace millrace::postgres_log
