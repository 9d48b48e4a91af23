// What record batches promise: those of Kafka's own clients are read as they were meant, every damage is noticed,
// nothing that a client sends makes the reader take more memory than its bounds, and what is built is read back
// the same.
#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>
#include <lz4frame.h>
#include <snappy.h>
#include <zlib.h>
#include <zstd.h>

#include "actors/base/crc32c.hpp"
#include "cluster/kafka/records/batch_builder.hpp"
#include "cluster/kafka/records/record_batch.hpp"
#include "cluster/kafka/wire/writer.hpp"
#include "tests/kafka/bytes.hpp"

namespace millrace::kafka {
namespace {

constexpr std::size_t plenty = 1u << 20;

// By kafka-python: three records, with headers and nulls.
constexpr const char* mixed_batch =
    "0000000000000000 (base offset) 00000061 (length) 00000000 (leader epoch) 02 (format)"
    "72514d6c (checksum) 0000 (attributes) 00000002 (last offset delta)"
    "0000018bcfe56800 0000018bcfe56805 (base and max timestamp)"
    "ffffffffffffffff ffff ffffffff (no producer) 00000003 (count)"
    "22 00 00 00 04 6b31 12 76616c7565206f6e65 00"
    "2c 00 0a 02 01 00 04 0a 7472616365 06 616263 08 6e6f6e65 01"
    "0c 00 13 04 00 01 00";

// By kafka-python: three records of the producer 77, plain and with each codec that it has.
constexpr std::array packed_batches{
    "000000000000000000000106000000000271e2d86f0000000000020000018bcfe568000000018bcfe56802000000"
    "000000004d000300000009000000038a01000000066b657978787878787878787878787878787878787878787878"
    "787878787878787878787878787878787878787878787878787878787878787878787878787878008a0100020206"
    "6b657978787878787878787878787878787878787878787878787878787878787878787878787878787878787878"
    "787878787878787878787878787878787878008a01000404066b6579787878787878787878787878787878787878"
    "7878787878787878787878787878787878787878787878787878787878787878787878787878787878787800",
    "00000000000000000000005e00000000024f74224c0001000000020000018bcfe568000000018bcfe56802000000"
    "000000004d000300000009000000031f8b080054d00d6b02ffeb6264606060cb4eadaca00430743132303151c518"
    "1616ca8d01002d063daad5000000",
    "000000000000000000000069000000000244e2393f0002000000020000018bcfe568000000018bcfe56802000000"
    "000000004d0003000000090000000382534e4150505900000000010000000100000024d501248a01000000066b65"
    "7978ee010014008a01000202fe47000547040404ee47000947",
    "00000000000000000000006c00000000023c2385150003000000020000018bcfe568000000018bcfe56802000000"
    "000000004d0003000000090000000304224d186840d5000000000000007724000000af8a01000000066b65797801"
    "00296f008a010002024700322f040447002a50787878780000000000"};

Result<RecordBatch> parse(const std::string& bytes, std::size_t max = plenty) {
  const auto kept = std::make_shared<const std::string>(bytes);
  return parse_batch(*kept, kept, max);
}

/// The batch with its length and checksum set right.
std::string sealed(std::string batch) {
  Writer writer;
  writer.uint32(static_cast<std::uint32_t>(batch.size() - batch_length_offset));
  batch.replace(8, 4, writer.take());
  writer.uint32(crc32c(std::string_view(batch).substr(batch_checked_offset)));
  batch.replace(17, 4, writer.take());
  return batch;
}

std::string with_codec(const std::string& batch, Codec codec, const std::string& packed) {
  std::string changed = batch.substr(0, batch_header_bytes) + packed;
  changed[batch_checked_offset + 1] = static_cast<char>(codec);
  return sealed(changed);
}

std::string packed_by(Codec codec, const std::string& text) {
  std::string packed(64 + 2 * text.size(), '\0');
  switch (codec) {
    case Codec::gzip: {
      z_stream stream{};
      deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
      std::string input = text;
      stream.next_in = reinterpret_cast<Bytef*>(input.data());
      stream.avail_in = static_cast<uInt>(input.size());
      stream.next_out = reinterpret_cast<Bytef*>(packed.data());
      stream.avail_out = static_cast<uInt>(packed.size());
      EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
      packed.resize(stream.total_out);
      deflateEnd(&stream);
      break;
    }
    case Codec::snappy:
      snappy::Compress(text.data(), text.size(), &packed);
      break;
    case Codec::lz4:
      packed.resize(LZ4F_compressFrameBound(text.size(), nullptr));
      packed.resize(
          LZ4F_compressFrame(packed.data(), packed.size(), text.data(), text.size(), nullptr));
      break;
    case Codec::zstd:
      packed.resize(ZSTD_compressBound(text.size()));
      packed.resize(ZSTD_compress(packed.data(), packed.size(), text.data(), text.size(), 3));
      break;
    case Codec::none:
      return text;
  }
  return packed;
}

constexpr std::array codecs{Codec::gzip, Codec::snappy, Codec::lz4, Codec::zstd};

/// Every byte of the records, so that a sanitizer sees each access.
std::string walk(const RecordBatch& batch) {
  std::string seen;
  RecordCursor cursor = batch.records();
  while (auto record = cursor.next()) {
    seen += std::to_string(record->offset_delta) + ' ' + std::to_string(record->timestamp_ms) + ' ';
    seen += record->key ? std::string(*record->key) : "null";
    seen += '=';
    seen += record->value ? std::string(*record->value) : "null";
    while (const auto header = record->headers.next()) {
      seen += " " + std::string(header->key) + ':' +
              (header->value ? std::string(*header->value) : "null");
    }
    seen += '\n';
  }
  return seen;
}

TEST(Records, OfKafkaPythonAreRead) {
  const auto batch = parse(hex(mixed_batch));
  ASSERT_TRUE(batch) << batch.error().message;
  EXPECT_EQ(batch->header.count, 3u);
  EXPECT_EQ(batch->header.producer_id, -1);
  EXPECT_EQ(walk(*batch),
            "0 1700000000000 k1=value one\n"
            "1 1700000000005 null= trace:abc none:null\n"
            "2 1699999999990 =null\n");
}

TEST(Records, OfEveryCodecAreTheSame) {
  const auto plain = parse(hex(packed_batches[0]));
  ASSERT_TRUE(plain) << plain.error().message;
  EXPECT_EQ(plain->header.producer_id, 77);
  EXPECT_EQ(plain->header.producer_epoch, 3);
  EXPECT_EQ(plain->header.base_sequence, 9);
  for (const char* text : packed_batches) {
    const auto batch = parse(hex(text));
    ASSERT_TRUE(batch) << batch.error().message;
    EXPECT_EQ(walk(*batch), walk(*plain));
  }
  for (const Codec codec : codecs) {
    const auto batch = parse(
        with_codec(hex(packed_batches[0]), codec, packed_by(codec, std::string(plain->bytes))));
    ASSERT_TRUE(batch) << name_of(codec) << ": " << batch.error().message;
    EXPECT_EQ(walk(*batch), walk(*plain)) << name_of(codec);
  }
}

TEST(Records, AreNotCopied) {
  const auto kept = std::make_shared<const std::string>(hex(mixed_batch));
  const auto batch = parse_batch(*kept, kept, plenty);
  ASSERT_TRUE(batch);
  const auto record = batch->records().next();
  EXPECT_GE(record->key->data(), kept->data());
  EXPECT_LT(record->key->data(), kept->data() + kept->size());
  EXPECT_EQ(kept.use_count(), 2);
}

TEST(Records, ShowEveryByteThatWasChanged) {
  for (const char* text : packed_batches) {
    const std::string whole = hex(text);
    const std::string expected = walk(*parse(whole));
    for (std::size_t i = 0; i < whole.size(); ++i) {
      // The base offset and the leader epoch are the broker's to say, and outside of the checksum.
      if (i < 8 || (i >= 12 && i < 16)) continue;
      std::string changed = whole;
      changed[i] = static_cast<char>(changed[i] ^ 0x40);
      const auto batch = parse(changed);
      EXPECT_FALSE(batch) << "byte " << i;
    }
  }
}

TEST(Records, AreCompleteOrRefused) {
  const std::string whole = hex(mixed_batch);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto batch = parse(whole.substr(0, size));
    ASSERT_FALSE(batch) << size;
    EXPECT_EQ(batch.error().code, ErrorCode::corrupt) << size;
  }
  EXPECT_EQ(parse(whole + "x").error().code, ErrorCode::too_large);
  EXPECT_EQ(parse(whole + whole).error().code, ErrorCode::too_large);
}

// Each assumption that a reader of a batch makes, violated in a batch whose checksum is right.
TEST(Records, ThatContradictThemselvesAreRefused) {
  const auto changed = [](std::size_t at, const char* bytes) {
    const std::string replacement = hex(bytes);
    std::string batch = hex(mixed_batch);
    return parse(sealed(batch.replace(at, replacement.size(), replacement)));
  };
  const struct {
    const char* what;
    std::size_t at;
    const char* bytes;
    ErrorCode code;
  } violations[] = {
      {"format 1", 16, "01", ErrorCode::unsupported_version},
      {"codec 5", 22, "05", ErrorCode::invalid_argument},
      {"control batch", 22, "20", ErrorCode::invalid_argument},
      {"fewer records than offsets", 23, "00000003", ErrorCode::invalid_argument},
      {"no record", 57, "00000000", ErrorCode::invalid_argument},
      {"less than no record", 57, "ffffffff", ErrorCode::invalid_argument},
      {"2^31-1 records", 23,
       "7ffffffe 0000018bcfe56800 0000018bcfe56805 ffffffffffffffff ffff ffffffff 7fffffff",
       ErrorCode::invalid_argument},
      {"producer without epoch", 43, "0000000000000001 ffff 00000000", ErrorCode::invalid_argument},
      {"producer without sequence", 43, "0000000000000001 0000 ffffffff",
       ErrorCode::invalid_argument},
      {"a record without a length", 61, "01", ErrorCode::invalid_argument},
      {"a record that is longer than the batch", 61, "fe", ErrorCode::invalid_argument},
      {"an offset twice", 64, "02", ErrorCode::invalid_argument},
      {"a key beyond its record", 65, "7e", ErrorCode::invalid_argument},
      {"a key of -2 bytes", 65, "03", ErrorCode::invalid_argument},
      {"a header that is not there", 78, "02", ErrorCode::invalid_argument},
      {"-1 headers", 78, "01", ErrorCode::invalid_argument},
  };
  for (const auto& violation : violations) {
    const auto batch = changed(violation.at, violation.bytes);
    ASSERT_FALSE(batch) << violation.what;
    EXPECT_EQ(batch.error().code, violation.code)
        << violation.what << ": " << batch.error().message;
  }
  EXPECT_TRUE(changed(22, "10"));  // a transaction: whoever takes the batch decides
}

TEST(Records, ThatAreTooLargeWhenUnpackedAreRefused) {
  const std::string zeros(8u << 20, '\0');
  for (const Codec codec : codecs) {
    const std::string bomb = packed_by(codec, zeros);
    EXPECT_LT(bomb.size(), zeros.size() / 10) << name_of(codec);
    const auto refused = unpack(codec, bomb, zeros.size() - 1);
    ASSERT_FALSE(refused) << name_of(codec);
    EXPECT_EQ(refused.error().code, ErrorCode::too_large) << name_of(codec);
    const auto taken = unpack(codec, bomb, zeros.size());
    ASSERT_TRUE(taken) << name_of(codec) << ": " << taken.error().message;
    EXPECT_EQ(*taken, zeros) << name_of(codec);
  }
}

TEST(Records, ThatEndTooEarlyOrAreDamagedAreRefused) {
  std::mt19937_64 random(2);
  std::string text;
  for (int i = 0; i < 3'000; ++i) text += static_cast<char>('a' + random() % 3);
  for (const Codec codec : codecs) {
    const std::string whole = packed_by(codec, text);
    for (std::size_t size = 0; size < whole.size(); size += 1 + size / 7) {
      const auto cut = unpack(codec, whole.substr(0, size), plenty);
      ASSERT_FALSE(cut) << name_of(codec) << ' ' << size;
      EXPECT_EQ(cut.error().code, ErrorCode::corrupt) << name_of(codec) << ' ' << size;
    }
    for (int round = 0; round < 2'000; ++round) {
      std::string damaged = whole;
      for (int i = 0; i < 3; ++i) damaged[random() % damaged.size()] = static_cast<char>(random());
      const auto unpacked = unpack(codec, damaged, 2 * text.size());
      EXPECT_TRUE(!unpacked || unpacked->size() <= 2 * text.size());
    }
  }
  EXPECT_FALSE(unpack(Codec::none, text, plenty));
  EXPECT_FALSE(unpack(static_cast<Codec>(6), text, plenty));
}

TEST(Records, OfSnappyMayBeFramed) {
  const std::string block = packed_by(Codec::snappy, "hello hello hello");
  Writer framed;
  framed.raw(hex("82 534e41505059 00 00000001 00000001"));
  for (int i = 0; i < 2; ++i) framed.bytes(block);
  const std::string whole = framed.take();
  EXPECT_EQ(*unpack(Codec::snappy, whole, plenty), "hello hello hellohello hello hello");
  EXPECT_EQ(unpack(Codec::snappy, whole, 33).error().code, ErrorCode::too_large);
  EXPECT_EQ(unpack(Codec::snappy, whole.substr(0, whole.size() - 1), plenty).error().code,
            ErrorCode::corrupt);
  // A block that states 4 GiB, of which a few bytes are there.
  EXPECT_EQ(unpack(Codec::snappy, hex("ffffffff0f 00 61"), std::size_t{8} << 30).error().code,
            ErrorCode::corrupt);
}

TEST(Records, OfGzipMayHaveSeveralMembers) {
  const std::string member = packed_by(Codec::gzip, "abc");
  EXPECT_EQ(*unpack(Codec::gzip, member + member, plenty), "abcabc");
}

// Mutations with a checksum that is right reach what lies behind it.
TEST(Records, OfAnyBytesAreReadOrRefused) {
  std::mt19937_64 random(3);
  int taken = 0;
  for (int round = 0; round < 60'000; ++round) {
    std::string batch = hex(packed_batches[random() % packed_batches.size()]);
    for (std::uint64_t i = random() % 4; i < 4; ++i) {
      const std::size_t at = 21 + random() % (batch.size() - 21);
      batch[at] = static_cast<char>(random() % 2 == 0 ? random() : batch[at] ^ (1 << random() % 8));
    }
    if (random() % 8 == 0) batch.resize(batch_header_bytes + random() % 40);
    if (random() % 8 == 0) batch += batch.substr(random() % batch.size());
    const auto parsed = parse(sealed(batch), 64u << 10);
    if (!parsed) continue;
    ++taken;
    EXPECT_LE(walk(*parsed).size(), 1u << 20);
  }
  EXPECT_GT(taken, 100);  // otherwise nothing was tried that is nearly right
}

TEST(BatchBuilder, BuildsWhatIsReadBack) {
  BatchBuilder builder(plenty);
  const std::array headers{RecordHeader{"trace", "abc"}, RecordHeader{"none", std::nullopt}};
  ASSERT_TRUE(builder.add(10, 1'700'000'000'000, "k1", "value one"));
  ASSERT_TRUE(builder.add(11, 1'700'000'000'005, std::nullopt, "", headers));
  ASSERT_TRUE(builder.add(2'000'000'000, -1, "", std::nullopt));
  ASSERT_TRUE(builder.add(2'000'000'001, std::numeric_limits<std::int64_t>::max(), "k", "v"));
  EXPECT_FALSE(builder.add(3'000'000'000, 0, "k", "v"));  // too far from the first
  EXPECT_EQ(builder.next_offset(), 2'000'000'002);
  const std::string bytes = builder.finish();
  EXPECT_EQ(builder.count(), 0u);
  const auto header = parse_batch_header(bytes);
  // Offsets with gaps come from brokers only.
  EXPECT_FALSE(header);
  RecordCursor cursor(std::string_view(bytes).substr(batch_header_bytes), 4, 1'700'000'000'000);
  std::vector<std::int64_t> offsets;
  while (const auto record = cursor.next()) {
    offsets.push_back(10 + std::int64_t{record->offset_delta});
  }
  EXPECT_EQ(offsets, (std::vector<std::int64_t>{10, 11, 2'000'000'000, 2'000'000'001}));
  EXPECT_FALSE(cursor.is_damaged());
  EXPECT_TRUE(cursor.rest().empty());
}

TEST(BatchBuilder, WritesTheBytesOfKafkaPython) {
  BatchBuilder builder(plenty);
  const std::array headers{RecordHeader{"trace", "abc"}, RecordHeader{"none", std::nullopt}};
  ASSERT_TRUE(builder.add(0, 1'700'000'000'000, "k1", "value one"));
  ASSERT_TRUE(builder.add(1, 1'700'000'000'005, std::nullopt, "", headers));
  ASSERT_TRUE(builder.add(2, 1'699'999'999'990, "", std::nullopt));
  std::string expected = hex(mixed_batch);
  expected.replace(12, 4, hex("ffffffff"));  // no leader epoch
  EXPECT_EQ(to_hex(builder.finish()), to_hex(expected));
}

TEST(BatchBuilder, KeepsItsBound) {
  const std::string value(100, 'v');
  BatchBuilder builder(400);
  std::int64_t offset = 0;
  while (builder.add(offset, 0, "key", value)) ++offset;
  EXPECT_EQ(offset, 3);
  EXPECT_LE(builder.size(), 400u);
  const auto batch = parse(builder.finish());
  ASSERT_TRUE(batch) << batch.error().message;
  EXPECT_EQ(batch->header.count, 3u);
  // The first record always fits, so that a consumer gets on.
  ASSERT_TRUE(builder.add(7, 0, std::nullopt, std::string(1'000, 'v')));
  EXPECT_FALSE(builder.add(8, 0, std::nullopt, "v"));
  EXPECT_TRUE(parse(builder.finish()));
  EXPECT_EQ(builder.finish(), "");
}

TEST(BatchBuilder, AndReaderAgreeOnAnyRecords) {
  std::mt19937_64 random(4);
  for (int round = 0; round < 300; ++round) {
    BatchBuilder builder(plenty);
    std::string expected;
    const int count = 1 + static_cast<int>(random() % 20);
    for (int i = 0; i < count; ++i) {
      const auto text = [&]() -> std::optional<std::string> {
        if (random() % 4 == 0) return std::nullopt;
        return std::string(random() % 300, static_cast<char>('a' + random() % 26));
      };
      const auto key = text();
      const auto value = text();
      std::vector<RecordHeader> headers;
      std::vector<std::string> kept{"h", "", std::string(200, 'h')};
      for (std::uint64_t h = random() % 3; h > 0; --h) {
        headers.push_back({kept[h], random() % 2 == 0
                                        ? std::nullopt
                                        : std::optional<std::string_view>(kept[h - 1])});
      }
      const auto timestamp =
          static_cast<std::int64_t>(random() % 2 == 0 ? random() : random() % 100);
      ASSERT_TRUE(builder.add(i, timestamp, key, value, headers));
      expected += std::to_string(i) + ' ' + std::to_string(timestamp) + ' ' + key.value_or("null") +
                  '=' + value.value_or("null");
      for (const RecordHeader& header : headers) {
        expected +=
            " " + std::string(header.key) + ':' + std::string(header.value.value_or("null"));
      }
      expected += '\n';
    }
    const auto batch = parse(builder.finish());
    ASSERT_TRUE(batch) << batch.error().message;
    ASSERT_EQ(walk(*batch), expected);
  }
}

}  // namespace
}  // namespace millrace::kafka
