// Numbers, durations and sizes as text: three digits and a unit, also near the boundary of a unit.
#include "apps/report/format.hpp"

#include <gtest/gtest.h>

namespace millrace::report {
namespace {

TEST(Format, CommasEveryThreeDigits) {
  EXPECT_EQ(with_commas(0), "0");
  EXPECT_EQ(with_commas(999), "999");
  EXPECT_EQ(with_commas(1000), "1,000");
  EXPECT_EQ(with_commas(78'214), "78,214");
  EXPECT_EQ(with_commas(18'446'744'073'709'551'615u), "18,446,744,073,709,551,615");
}

TEST(Format, ThreeDigitsWithoutTrailingZeros) {
  EXPECT_EQ(three_digits(0), "0");
  EXPECT_EQ(three_digits(3.1), "3.1");
  EXPECT_EQ(three_digits(18.44), "18.4");
  EXPECT_EQ(three_digits(61.0), "61");
  EXPECT_EQ(three_digits(100), "100");
  EXPECT_EQ(three_digits(9.996), "10");
  EXPECT_EQ(three_digits(99.96), "100");
}

TEST(Format, DurationsUseTheUnitThatFits) {
  EXPECT_EQ(short_duration(0), "0us");
  EXPECT_EQ(short_duration(999), "999us");
  EXPECT_EQ(short_duration(1'000), "1ms");
  EXPECT_EQ(short_duration(18'400), "18.4ms");
  EXPECT_EQ(short_duration(999'400), "999ms");
  EXPECT_EQ(short_duration(999'600), "1s");
  EXPECT_EQ(short_duration(1'800'000, " "), "1.8 s");
  EXPECT_EQ(short_duration(59'960'000), "1m00s");
  EXPECT_EQ(short_duration(125'000'000), "2m05s");
  EXPECT_EQ(short_duration(3'720'000'000), "1h02m");
}

TEST(Format, CountsAndBytesUseTheUnitThatFits) {
  EXPECT_EQ(short_count(950), "950");
  EXPECT_EQ(short_count(999.7), "1k");
  EXPECT_EQ(short_count(11'842), "11.8k");
  EXPECT_EQ(short_count(2'400'000), "2.4M");
  EXPECT_EQ(short_bytes(512), "512 B");
  EXPECT_EQ(short_bytes(64.0 * 1024 * 1024), "64 MiB");
  EXPECT_EQ(short_bytes(1.5 * 1024 * 1024 * 1024), "1.5 GiB");
}

TEST(Format, StatesAreWrittenAsWords) {
  EXPECT_EQ(state_text("OUT_OF_STOCK"), "out of stock");
}

}  // namespace
}  // namespace millrace::report
