// Promise: each incarnation is higher than all earlier ones, also if the clock was set back.
// Checked on files in a temporary directory.
#include "cluster/node/incarnation.hpp"

#include <fstream>

#include <gtest/gtest.h>

#include "tests/journal/temporary_directory.hpp"

namespace millrace::cluster {
namespace {

TEST(Incarnation, IsTheTimeOfTheStart) {
  const journal::TemporaryDirectory directory;
  const auto first = next_incarnation(directory.path() / "data", 5'000);
  ASSERT_TRUE(first);
  EXPECT_EQ(*first, 5'000U);
}

TEST(Incarnation, GrowsWhenTheClockGoesBack) {
  const journal::TemporaryDirectory directory;
  ASSERT_TRUE(next_incarnation(directory.path(), 5'000));
  const auto second = next_incarnation(directory.path(), 10);
  ASSERT_TRUE(second);
  EXPECT_EQ(*second, 5'001U);
}

TEST(Incarnation, SurvivesAStartThatCrashedHalfway) {
  const journal::TemporaryDirectory directory;
  ASSERT_TRUE(next_incarnation(directory.path(), 5'000));
  std::ofstream(directory.path() / "incarnation.tmp") << "99";
  const auto second = next_incarnation(directory.path(), 10);
  ASSERT_TRUE(second);
  EXPECT_EQ(*second, 5'001U);
}

TEST(Incarnation, FailsIfTheFileIsDamaged) {
  const journal::TemporaryDirectory directory;
  std::ofstream(directory.path() / "incarnation") << "12x\n";
  const auto next = next_incarnation(directory.path(), 10);
  ASSERT_FALSE(next);
  EXPECT_EQ(next.error().code, ErrorCode::corrupt);
  EXPECT_NE(next.error().message.find("incarnation"), std::string::npos);
}

}  // namespace
}  // namespace millrace::cluster
