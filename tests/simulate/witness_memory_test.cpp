#include "apps/simulate/plan/witness_memory.hpp"

#include <gtest/gtest.h>

#include "apps/orders/orders.pb.h"

namespace millrace::simulate {
namespace {

constexpr std::uint16_t told_at(std::uint32_t node, orders::Status status) {
  return static_cast<std::uint16_t>(node << 8 | static_cast<std::uint32_t>(status));
}

TEST(WitnessMemory, RecountIncludesOrdersThatAKilledNodeDidNotCount) {
  auto witness = WitnessMemory::create(4, 1);
  ASSERT_TRUE(witness);
  witness->orders()[0].due_us = 7;
  witness->orders()[2].due_us = 9;
  witness->orders()[2].outcome = told_at(0, orders::SHIPPED);

  recount(*witness, 0);

  EXPECT_EQ(witness->head().offered(), 2U);
  EXPECT_EQ(witness->head().finished(), 1U);
  EXPECT_EQ(witness->head().node[0].outcomes[orders::SHIPPED], 1U);
}

TEST(WitnessMemory, RecountIsPerNodeAndIdempotent) {
  auto witness = WitnessMemory::create(4, 2);
  ASSERT_TRUE(witness);
  for (OrderPage& page : witness->orders()) page.due_us = 7;
  witness->orders()[0].outcome = told_at(1, orders::REJECTED);
  witness->orders()[1].outcome = told_at(1, orders::SHIPPED);

  recount(*witness, 0);
  recount(*witness, 1);
  recount(*witness, 1);

  EXPECT_EQ(witness->head().node[0].offered, 2U);
  EXPECT_EQ(witness->head().node[0].finished, 0U);
  EXPECT_EQ(witness->head().node[1].offered, 2U);
  EXPECT_EQ(witness->head().node[1].finished, 2U);
  EXPECT_EQ(witness->head().node[1].outcomes[orders::REJECTED], 1U);
}

}  // namespace
}  // namespace millrace::simulate
