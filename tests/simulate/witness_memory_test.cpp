#include "apps/simulate/witness_memory.hpp"

#include <gtest/gtest.h>

#include "messages/orders.pb.h"

namespace millrace::simulate {
namespace {

TEST(WitnessMemory, CountsWhatAKilledNodeNotedButDidNotCount) {
  auto witness = WitnessMemory::create(3);
  ASSERT_TRUE(witness);
  witness->orders()[0].due_us = 7;
  witness->orders()[2].due_us = 9;
  witness->orders()[2].outcome = static_cast<std::uint8_t>(orders::SHIPPED);

  recount(*witness);

  EXPECT_EQ(witness->head().offered, 2U);
  EXPECT_EQ(witness->head().finished, 1U);
  EXPECT_EQ(witness->head().outcomes[orders::SHIPPED], 1U);
}

TEST(WitnessMemory, CountsNothingTwice) {
  auto witness = WitnessMemory::create(1);
  ASSERT_TRUE(witness);
  witness->orders()[0].due_us = 7;
  witness->orders()[0].outcome = static_cast<std::uint8_t>(orders::REJECTED);
  witness->head().offered = 1;
  witness->head().finished = 1;
  witness->head().outcomes[orders::REJECTED] = 1;

  recount(*witness);
  recount(*witness);

  EXPECT_EQ(witness->head().offered, 1U);
  EXPECT_EQ(witness->head().finished, 1U);
  EXPECT_EQ(witness->head().outcomes[orders::REJECTED], 1U);
}

}  // namespace
}  // namespace millrace::simulate
