// The gap in the confirmations is the longest one that overlaps the fault, also when its effect outlasts it.
#include "apps/simulate/confirmation_gap.hpp"

#include <gtest/gtest.h>

namespace millrace::simulate {
namespace {

TEST(ConfirmationGap, IsTheLongestWithinTheFault) {
  ConfirmationGap gap(7, std::nullopt, 100, 1'000);
  EXPECT_EQ(gap.fault(), 7u);
  EXPECT_FALSE(gap.note(101, 1'200));
  EXPECT_FALSE(gap.note(101, 1'800));
  EXPECT_FALSE(gap.note(102, 1'900)) << "the fault goes on";
  EXPECT_EQ(gap.longest_us(), 700);
  EXPECT_FALSE(gap.note(103, 2'000));
  gap.end_fault();
  EXPECT_TRUE(gap.note(104, 2'100));
  EXPECT_EQ(gap.longest_us(), 700);
}

TEST(ConfirmationGap, LastsUntilRecordsAreConfirmedAgain) {
  ConfirmationGap gap(0, 2, 100, 1'000);
  EXPECT_EQ(gap.node(), 2u);
  gap.end_fault();
  EXPECT_FALSE(gap.note(100, 5'000));
  EXPECT_EQ(gap.longest_us(), 0) << "not over";
  EXPECT_TRUE(gap.note(101, 6'000));
  EXPECT_EQ(gap.longest_us(), 5'000);
}

}  // namespace
}  // namespace millrace::simulate
