// What the codec of the wire promises: values are read as the protocol writes them, nothing is read or taken that
// is not there, and an error says what, where, and what was expected.
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

#include "cluster/kafka/wire/reader.hpp"
#include "cluster/kafka/wire/writer.hpp"
#include "tests/kafka/bytes.hpp"

namespace millrace::kafka {
namespace {

TEST(Wire, NumbersAreBigEndian) {
  Writer writer;
  writer.int8(-2);
  writer.int16(0x0102);
  writer.int32(-1);
  writer.int64(0x0102030405060708);
  writer.uint32(0xfffefdfc);
  writer.boolean(true);
  EXPECT_EQ(to_hex(writer.written()), "fe0102ffffffff0102030405060708fffefdfc01");
  Reader reader(writer.written());
  EXPECT_EQ(reader.int8("a"), -2);
  EXPECT_EQ(reader.int16("a"), 0x0102);
  EXPECT_EQ(reader.int32("a"), -1);
  EXPECT_EQ(reader.int64("a"), 0x0102030405060708);
  EXPECT_EQ(reader.uint32("a"), 0xfffefdfcu);
  EXPECT_TRUE(reader.boolean("a"));
  EXPECT_TRUE(reader.end());
}

TEST(Wire, VarintsAreThoseOfTheSpecification) {
  Writer writer;
  writer.varint(0);
  writer.varint(-1);
  writer.varint(150);
  writer.varint(std::numeric_limits<std::int32_t>::min());
  writer.varlong(std::numeric_limits<std::int64_t>::min());
  writer.unsigned_varint(300);
  EXPECT_EQ(to_hex(writer.written()), "0001ac02ffffffff0fffffffffffffffffff01ac02");
  Reader reader(writer.written());
  EXPECT_EQ(reader.varint("a"), 0);
  EXPECT_EQ(reader.varint("a"), -1);
  EXPECT_EQ(reader.varint("a"), 150);
  EXPECT_EQ(reader.varint("a"), std::numeric_limits<std::int32_t>::min());
  EXPECT_EQ(reader.varlong("a"), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(reader.unsigned_varint("a"), 300u);
  EXPECT_TRUE(reader.end());
  for (const char* overlong : {"ffffffff1f", "ffffffffff01", "80", ""}) {
    const std::string bytes = hex(overlong);
    Reader broken(bytes);
    EXPECT_EQ(broken.unsigned_varint("count"), 0u) << overlong;
    EXPECT_TRUE(broken.has_failed()) << overlong;
  }
}

TEST(Wire, StringsAndArraysHaveTwoEncodings) {
  for (const Encoding encoding : {Encoding::plain, Encoding::flexible}) {
    Writer writer(encoding);
    writer.string("ab");
    writer.nullable_string(std::nullopt);
    writer.bytes("xyz");
    writer.null_bytes();
    writer.array(2);
    writer.int8(1);
    writer.int8(2);
    writer.null_array();
    writer.tags();
    EXPECT_EQ(to_hex(writer.written()),
              encoding == Encoding::plain ? "00026162ffff0000000378797affffffff000000020102ffffffff"
                                          : "0361620004"
                                            "78797a00030102"
                                            "0000");
    Reader reader(writer.written(), encoding);
    EXPECT_EQ(reader.string("a"), "ab");
    EXPECT_EQ(reader.nullable_string("a"), std::nullopt);
    EXPECT_EQ(reader.bytes("a"), "xyz");
    EXPECT_EQ(reader.nullable_bytes("a"), std::nullopt);
    EXPECT_EQ(reader.array("a", 1), 2u);
    std::ignore = reader.raw(2, "a");
    EXPECT_EQ(reader.nullable_array("a", 1), std::nullopt);
    reader.tags();
    EXPECT_TRUE(reader.end()) << reader.status().error().message;
  }
}

TEST(Wire, TaggedFieldsAreSkipped) {
  const std::string bytes = hex("02 (two) 00 03 616263 (tag 0) 05 00 (tag 5) 07");
  Reader reader(bytes, Encoding::flexible);
  reader.tags();
  EXPECT_EQ(reader.int8("a"), 7);
  EXPECT_TRUE(reader.end());
}

TEST(Wire, AnErrorSaysWhatAndWhere) {
  const std::string bytes = hex("0001 0005 6162");
  Reader reader(bytes);
  EXPECT_EQ(reader.int16("acks"), 1);
  EXPECT_EQ(reader.string("topic"), "");
  // What is read after an error is empty, and does not hide it.
  EXPECT_EQ(reader.int32("timeout"), 0);
  EXPECT_EQ(reader.array("partitions", 4), 0u);
  const auto end = reader.end();
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().code, ErrorCode::protocol);
  EXPECT_EQ(end.error().message, "topic: expected 5 bytes, got 2, at byte 4 of 6");
}

TEST(Wire, NullIsNoString) {
  const std::string bytes = hex("ffff");
  Reader reader(bytes);
  std::ignore = reader.string("member");
  EXPECT_EQ(reader.status().error().message.substr(0, 32), "member: expected a string, got n");
}

TEST(Wire, BytesThatAreLeftAreAnError) {
  Reader reader("abc");
  std::ignore = reader.int8("a");
  EXPECT_FALSE(reader.end());
}

TEST(Wire, LengthsThatCannotBeAreRefusedBeforeMemoryIsTaken) {
  for (const char* claim : {"7fffffff 00", "00000002 00000000 00", "fffffffe"}) {
    const std::string bytes = hex(claim);
    Reader reader(bytes);
    EXPECT_EQ(reader.array("topics", 4), 0u) << claim;
    EXPECT_TRUE(reader.has_failed()) << claim;
  }
  for (const char* claim : {"ffffffff0f 00", "80"}) {
    const std::string bytes = hex(claim);
    Reader reader(bytes, Encoding::flexible);
    EXPECT_EQ(reader.bytes("metadata"), "") << claim;
    EXPECT_TRUE(reader.has_failed()) << claim;
  }
  // Also arrays that are there, but are too many.
  Writer writer;
  writer.array(Reader::elements_max + 1);
  const std::string bytes = writer.take() + std::string(Reader::elements_max + 1, '\0');
  Reader reader(bytes);
  EXPECT_EQ(reader.array("topics", 1), 0u);
  EXPECT_TRUE(reader.has_failed());
}

TEST(Wire, RandomBytesLeadNowhereElse) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes(random() % 40, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random() % 4 == 0 ? random() : random() % 8);
    Reader reader(bytes, random() % 2 == 0 ? Encoding::plain : Encoding::flexible);
    for (int step = 0; step < 20; ++step) {
      const std::size_t before = reader.left();
      std::size_t got = 0;
      switch (random() % 8) {
        case 0:
          got = reader.string("s").size();
          break;
        case 1:
          got = reader.nullable_bytes("b").value_or("").size();
          break;
        case 2:
          got = reader.array("a", 1 + random() % 5);
          break;
        case 3:
          std::ignore = reader.varlong("v");
          break;
        case 4:
          std::ignore = reader.varint("v");
          break;
        case 5:
          reader.tags();
          break;
        case 6:
          std::ignore = reader.int64("i");
          break;
        default:
          got = reader.raw(random() % 50, "r").size();
      }
      ASSERT_LE(got, before);
      ASSERT_LE(reader.left(), before);
      ASSERT_TRUE(!reader.has_failed() || reader.left() == 0);
    }
  }
}

}  // namespace
}  // namespace millrace::kafka
