// What the protocol's requests and answers promise: the bytes are those of Kafka's documentation, by dialogues
// written by hand; and no bytes at all lead a reader beyond them. dialogue_test.py has every version of all.
#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "cluster/kafka/protocol/api_versions.hpp"
#include "cluster/kafka/protocol/create_topics.hpp"
#include "cluster/kafka/protocol/delete_topics.hpp"
#include "cluster/kafka/protocol/describe_configs.hpp"
#include "cluster/kafka/protocol/describe_groups.hpp"
#include "cluster/kafka/protocol/fetch.hpp"
#include "cluster/kafka/protocol/find_coordinator.hpp"
#include "cluster/kafka/protocol/heartbeat.hpp"
#include "cluster/kafka/protocol/init_producer_id.hpp"
#include "cluster/kafka/protocol/join_group.hpp"
#include "cluster/kafka/protocol/leave_group.hpp"
#include "cluster/kafka/protocol/list_offsets.hpp"
#include "cluster/kafka/protocol/metadata.hpp"
#include "cluster/kafka/protocol/offset_commit.hpp"
#include "cluster/kafka/protocol/offset_fetch.hpp"
#include "cluster/kafka/protocol/produce.hpp"
#include "cluster/kafka/protocol/request_header.hpp"
#include "cluster/kafka/protocol/sasl.hpp"
#include "cluster/kafka/protocol/subscription.hpp"
#include "cluster/kafka/protocol/sync_group.hpp"
#include "tests/kafka/bytes.hpp"

namespace millrace::kafka {
namespace {

TEST(Header, IsReadInBothEncodings) {
  const std::string plain = hex("0003 (Metadata) 0001 0000002a (correlation) 0002 6162 (ab) ff");
  const auto parsed = parse_request_header(plain);
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_EQ(parsed->header.key, ApiKey::metadata);
  EXPECT_EQ(parsed->header.version, 1);
  EXPECT_EQ(parsed->header.correlation, 42);
  EXPECT_EQ(parsed->header.client_id, "ab");
  EXPECT_EQ(to_hex(parsed->body), "ff");
  // The name of the client keeps the plain encoding.
  const std::string flexible = hex("0003 0009 0000002a 0002 6162 (tags) 01 00 02 7878 (body) ff");
  const auto later = parse_request_header(flexible);
  ASSERT_TRUE(later) << later.error().message;
  EXPECT_EQ(later->header.encoding, Encoding::flexible);
  EXPECT_EQ(to_hex(later->body), "ff");
  const std::string unnamed = hex("0012 0000 00000001 ffff");
  EXPECT_EQ(parse_request_header(unnamed)->header.client_id, "");
}

TEST(Header, OfAnUnknownRequestIsRefused) {
  for (const char* bytes :
       {"", "0003", "03e7 0000 00000001 ffff", "0003 000a 00000001 ffff", "0008 0000 00000001 ffff",
        "0012 ffff 00000001 ffff", "0003 0009 00000001 ffff (tags) 02 00 7f"}) {
    const std::string frame = hex(bytes);
    EXPECT_FALSE(parse_request_header(frame)) << bytes;
  }
  const std::string future = hex("0012 0063 00000001 ffffffff");
  const auto parsed = parse_request_header(future);
  ASSERT_TRUE(parsed);
  EXPECT_FALSE(parsed->header.is_known);
}

TEST(Answer, HasItsLengthAndHeader) {
  RequestHeader header{.key = ApiKey::heartbeat, .version = 1, .correlation = 7};
  Writer plain;
  begin_answer(plain, header);
  write_heartbeat(plain, 1, Code::rebalance_in_progress);
  finish_answer(plain);
  EXPECT_EQ(to_hex(plain.written()),
            "0000000a"
            "00000007"
            "00000000"
            "001b");
  header = {.key = ApiKey::init_producer_id,
            .version = 2,
            .correlation = 7,
            .encoding = Encoding::flexible};
  Writer flexible(Encoding::flexible);
  begin_answer(flexible, header);
  write_init_producer_id(flexible, 2, {.producer_id = 5, .producer_epoch = 1});
  finish_answer(flexible);
  EXPECT_EQ(to_hex(flexible.written()),
            "00000016"
            "00000007"
            "00"
            "00000000"
            "0000"
            "0000000000000005"
            "0001"
            "00");
}

TEST(Answer, OfApiVersionsNeverHasTagsInItsHeader) {
  RequestHeader header{
      .key = ApiKey::api_versions, .version = 3, .correlation = 7, .encoding = Encoding::flexible};
  Writer writer(Encoding::flexible);
  begin_answer(writer, header);
  write_api_versions(writer, 3, Code::none);
  finish_answer(writer);
  // 22 rows of 7 bytes each, and what is around them.
  EXPECT_EQ(to_hex(writer.written()).substr(0, 8 + 8 + 4 + 2 + 14),
            "000000a6"
            "00000007"
            "0000"
            "17"
            "0000"
            "0000"
            "0007"
            "00");
  EXPECT_EQ(writer.size(), 4u + 4 + 2 + 1 + 22 * 7 + 4 + 1);
}

TEST(Produce, IsReadAndAnswered) {
  const std::string bytes =
      hex("ffff (no transaction) ffff (acks: all) 000005dc (1500 ms)"
          "00000001 0001 74 (topic t) 00000002"
          "00000003 00000002 6162 (partition 3) 00000004 ffffffff (partition 4: null)");
  Reader reader(bytes);
  const ProduceRequest request = read_produce(reader, 7);
  ASSERT_TRUE(reader.end()) << reader.status().error().message;
  EXPECT_FALSE(request.is_transactional);
  EXPECT_EQ(request.acks, -1);
  EXPECT_EQ(request.timeout_ms, 1500);
  ASSERT_EQ(request.topics.size(), 1u);
  EXPECT_EQ(request.topics[0].name, "t");
  ASSERT_EQ(request.topics[0].partitions.size(), 2u);
  EXPECT_EQ(request.topics[0].partitions[0].batch, "ab");
  EXPECT_EQ(request.topics[0].partitions[1].batch, "");
  Writer writer;
  write_produce(writer, 7,
                {.topics = {{.name = "t", .partitions = {{.index = 3, .base_offset = 9}}}}});
  EXPECT_EQ(to_hex(writer.written()),
            to_hex(hex("00000001 0001 74 00000001 00000003 0000 (code) 0000000000000009 (offset)"
                       "ffffffffffffffff (time) ffffffffffffffff (start) 00000000 (throttle)")));
}

TEST(Fetch, IsReadAndAnsweredInPieces) {
  const std::string bytes =
      hex("ffffffff (replica) 000001f4 (500 ms) 00000001 (min) 03200000 (max) 00 (isolation)"
          "00000000 ffffffff (no session) 00000001 0001 74 00000001"
          "00000002 (partition) ffffffff (leader epoch) 0000000000000005 (offset)"
          "ffffffffffffffff (start) 00100000 (max) 00000001 0001 6f 00000001 00000007 (forgotten)"
          "0000 (rack)");
  Reader reader(bytes);
  const FetchRequest request = read_fetch(reader, 11);
  ASSERT_TRUE(reader.end()) << reader.status().error().message;
  EXPECT_EQ(request.wait_max_ms, 500);
  EXPECT_EQ(request.bytes_min, 1);
  EXPECT_EQ(request.bytes_max, 50 << 20);
  EXPECT_EQ(request.topics[0].partitions[0].index, 2);
  EXPECT_EQ(request.topics[0].partitions[0].offset, 5);
  EXPECT_EQ(request.topics[0].partitions[0].bytes_max, 1 << 20);

  FetchAnswer answer;
  answer.topics.push_back({.name = "t", .partitions = {}});
  answer.topics[0].partitions.push_back(
      {.index = 2, .high_watermark = 8, .log_start_offset = 1, .batches = "short"});
  answer.topics[0].partitions.push_back({.index = 3, .batches = std::string(10'000, 'x')});
  Writer writer;
  writer.int32(77);
  const auto pieces = write_fetch(writer, 11, std::move(answer));
  ASSERT_EQ(pieces.size(), 2u);
  EXPECT_EQ(to_hex(pieces[0]),
            to_hex(hex("0000004d (before) 00000000 (throttle) 0000 00000000 (code, session)"
                       "00000001 0001 74 00000002 00000002 0000 0000000000000008 0000000000000008"
                       "0000000000000001 00000000 (aborted) ffffffff (replica) 00000005") +
                   "short" +
                   hex("00000003 0000 ffffffffffffffff ffffffffffffffff ffffffffffffffff"
                       "00000000 ffffffff 00002710")));
  EXPECT_EQ(pieces[1], std::string(10'000, 'x'));
}

TEST(JoinGroup, IsReadAndAnswered) {
  const std::string bytes = hex(
      "0001 67 (group g) 00002710 (session) 000493e0 (rebalance) 0000 (no id) 0001 69 (instance)"
      "0008 636f6e73756d6572 00000001 0005 72616e6765 00000003 010203");
  Reader reader(bytes);
  const JoinGroupRequest request = read_join_group(reader, 5);
  ASSERT_TRUE(reader.end()) << reader.status().error().message;
  EXPECT_EQ(request.session_timeout_ms, 10'000);
  EXPECT_EQ(request.rebalance_timeout_ms, 300'000);
  EXPECT_EQ(request.instance, "i");
  EXPECT_EQ(request.protocol_type, "consumer");
  EXPECT_EQ(to_hex(request.protocols.at(0).metadata), "010203");
  Writer writer;
  write_join_group(writer, 5,
                   {.generation = 3,
                    .protocol = "range",
                    .leader = "a",
                    .member = "a",
                    .members = {{.id = "a", .instance = "i", .metadata = "m"}}});
  EXPECT_EQ(to_hex(writer.written()),
            to_hex(hex("00000000 0000 00000003 0005 72616e6765 0001 61 0001 61"
                       "00000001 0001 61 0001 69 00000001 6d")));
}

TEST(OffsetFetch, IsReadAndAnsweredInTheFlexibleEncoding) {
  const std::string bytes = hex("02 67 (g) 02 02 74 (t) 03 00000000 00000001 00 01 (stable) 00");
  Reader reader(bytes, Encoding::flexible);
  const OffsetFetchRequest request = read_offset_fetch(reader, 7);
  ASSERT_TRUE(reader.end()) << reader.status().error().message;
  EXPECT_EQ(request.topics->at(0).partitions, (std::vector<std::int32_t>{0, 1}));
  Writer writer(Encoding::flexible);
  write_offset_fetch(writer, 7,
                     {.topics = {{.name = "t", .partitions = {{.index = 1, .offset = 5}}}}});
  EXPECT_EQ(to_hex(writer.written()),
            to_hex(hex("00000000 02 02 74 02 00000001 0000000000000005 ffffffff 01 0000 00 00"
                       "0000 00")));
  const std::string all = hex("02 67 00 (null: all) 00 00");
  Reader null_reader(all, Encoding::flexible);
  EXPECT_FALSE(read_offset_fetch(null_reader, 7).topics);
  EXPECT_TRUE(null_reader.end());
}

TEST(Metadata, TakesNoTopicsForAllInItsFirstVersionOnly) {
  const std::string none = hex("00000000");
  Reader first(none);
  EXPECT_FALSE(read_metadata(first, 0).topics);
  Reader second(none);
  EXPECT_TRUE(read_metadata(second, 1).topics);
  const std::string null = hex("ffffffff");
  Reader third(null);
  EXPECT_FALSE(read_metadata(third, 1).topics);
}

TEST(Plain, IsUserAndPassword) {
  const auto text = [](std::string_view bytes) {
    const auto found = parse_plain(bytes);
    return found ? std::string(found->user) + '/' + std::string(found->password) : "refused";
  };
  using namespace std::string_view_literals;
  EXPECT_EQ(text("\0user\0secret"sv), "user/secret");
  EXPECT_EQ(text("user\0user\0secret"sv), "user/secret");
  EXPECT_EQ(text("admin\0user\0secret"sv), "refused");  // to act as somebody else
  for (const auto bytes :
       {""sv, "user"sv, "\0user"sv, "\0\0secret"sv, "\0user\0"sv, "\0user\0sec\0ret"sv, "\0\0"sv}) {
    EXPECT_EQ(text(bytes), "refused");
  }
}

TEST(Subscription, NamesItsTopics) {
  const std::string bytes = hex("0001 00000002 0001 61 0001 62 00000000 (data) 00000000 (owned)");
  EXPECT_EQ(*subscribed_topics(bytes), (std::vector<std::string_view>{"a", "b"}));
  for (const char* broken : {"", "0001", "0001 00000002 0001 61", "0001 7fffffff 0001 61"}) {
    const std::string metadata = hex(broken);
    EXPECT_FALSE(subscribed_topics(metadata)) << broken;
  }
}

/// Reads bytes as any request.
using Read = std::function<void(Reader&, std::int16_t)>;
template <class Request>
Read read_as(Request (*read)(Reader&, std::int16_t)) {
  return [read](Reader& reader, std::int16_t version) {
    std::ignore = read(reader, version);
  };
}

TEST(Requests, OfAnyBytesAreReadOrRefused) {
  const std::vector<Read> readers{read_as(read_api_versions),      read_as(read_create_topics),
                                  read_as(read_delete_topics),     read_as(read_describe_configs),
                                  read_as(read_describe_groups),   read_as(read_fetch),
                                  read_as(read_find_coordinator),  read_as(read_heartbeat),
                                  read_as(read_init_producer_id),  read_as(read_join_group),
                                  read_as(read_leave_group),       read_as(read_list_offsets),
                                  read_as(read_metadata),          read_as(read_offset_commit),
                                  read_as(read_offset_fetch),      read_as(read_produce),
                                  read_as(read_sasl_authenticate), read_as(read_sasl_handshake),
                                  read_as(read_sync_group)};
  std::mt19937_64 random(5);
  int whole = 0;
  for (int round = 0; round < 100'000; ++round) {
    std::string bytes(random() % 80, '\0');
    // Mostly small numbers, which are lengths that can be.
    for (char& byte : bytes) byte = static_cast<char>(random() % 8 == 0 ? random() : random() % 3);
    Reader reader(bytes, random() % 2 == 0 ? Encoding::plain : Encoding::flexible);
    readers[random() % readers.size()](reader, static_cast<std::int16_t>(random() % 12));
    if (reader.status()) ++whole;
    std::ignore = parse_request_header(bytes);
    std::ignore = parse_plain(bytes);
    std::ignore = subscribed_topics(bytes);
  }
  EXPECT_GT(whole, 1'000);  // otherwise nothing was tried that is nearly right
}

}  // namespace
}  // namespace millrace::kafka
