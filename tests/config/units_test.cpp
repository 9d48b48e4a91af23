// Parsing and printing of durations, sizes and addresses.
#include <gtest/gtest.h>

#include "cluster/config/address.hpp"
#include "cluster/config/read/parse_value.hpp"

namespace millrace::config {
namespace {

TEST(Units, DurationsAndSizesRequireAUnit) {
  EXPECT_EQ(parse_duration("0us"), 0);
  EXPECT_EQ(parse_duration("20ms"), 20'000);
  EXPECT_EQ(parse_duration("3m"), 180'000'000);
  EXPECT_EQ(parse_duration("7d"), 604'800'000'000);
  EXPECT_EQ(parse_size("64MiB"), 64 << 20);
  EXPECT_EQ(parse_size("12B"), 12);
  for (const char* bad : {"", "s", "1", "1 s", " 1s", "1S", "-1s", "-0s", "+1s", "1.5s", "1e3s",
                          "1ss", "0x1s", "106751992d", "9223372036854775808us"}) {
    EXPECT_EQ(parse_duration(bad), std::nullopt) << bad;
  }
  for (const char* bad : {"1MB", "1mib", "8388608TiB", "1k", "64"}) {
    EXPECT_EQ(parse_size(bad), std::nullopt) << bad;
  }
}

TEST(Units, ValuesArePrintedInTheLargestUnitThatFits) {
  EXPECT_EQ(format_duration(0), "0us");
  EXPECT_EQ(format_duration(1'500'000), "1500ms");
  EXPECT_EQ(format_duration(604'800'000'000), "7d");
  EXPECT_EQ(format_size(0), "0B");
  EXPECT_EQ(format_size(1025), "1025B");
  EXPECT_EQ(format_size(4ll << 30), "4GiB");
  for (const std::int64_t number : {1ll, 999ll, 60'000'000ll, 86'400'000'000ll, 1ll << 40}) {
    EXPECT_EQ(parse_duration(format_duration(number)), number);
    EXPECT_EQ(parse_size(format_size(number)), number);
  }
}

TEST(Units, AddressesAreHostAndPort) {
  EXPECT_EQ(parse_address("node-1.example:80"), (Address{.host = "node-1.example", .port = 80}));
  EXPECT_EQ(parse_address("[::1]:0"), (Address{.host = "::1", .port = 0}));
  for (const char* bad : {"", ":1", "a", "a:", "a:b", "a:1x", "a:65536", "a:-1", "::1:80", "[::1]",
                          "[]:1", "a b:1", "[g::1]:1", "http://a:1", "a:1/"}) {
    EXPECT_EQ(parse_address(bad), std::nullopt) << bad;
  }
}

TEST(Units, OnlyAddressesOfThisMachineAreLoopback) {
  for (const char* host : {"localhost", "127.0.0.1", "127.255.0.9", "::1"}) {
    EXPECT_TRUE(is_loopback(host)) << host;
  }
  for (const char* host : {"0.0.0.0", "::", "127.0.0.1.example", "127.1", "10.0.0.1", "example",
                           "128.0.0.1", "127.0.0.256"}) {
    EXPECT_FALSE(is_loopback(host)) << host;
  }
}

}  // namespace
}  // namespace millrace::config
