#include "actors/receiver/external/handed_out.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace millrace::receivers {
namespace {

using Standing = HandedOut::Standing;

HandedOut::Held held_of(queues::QueueNumber queue, queues::LeaseId lease, SteadyUs until_us) {
  HandedOut::Held held{.queue = queue, .until_us = until_us};
  held.grant.lease = lease;
  return held;
}

TEST(HandedOut, ATokenStandsForOneLeaseUntilItsOutcomeIsDurable) {
  HandedOut leases;
  EXPECT_EQ(leases.standing("t"), Standing::unknown);
  leases.add("t", held_of(1, 5, 100));
  EXPECT_EQ(leases.standing("t"), Standing::held);
  EXPECT_EQ(leases.token_of(1, 5), "t");
  leases.begin("t");
  EXPECT_EQ(leases.standing("t"), Standing::settling);
  EXPECT_FALSE(leases.take("t"));
  leases.end("t", true, 50);
  EXPECT_EQ(leases.standing("t"), Standing::finished);
  EXPECT_EQ(leases.token_of(1, 5), "");
}

TEST(HandedOut, FindsTheLeasesOfASession) {
  HandedOut leases;
  for (const auto& [token, session] :
       {std::pair("a", 7u), std::pair("b", 8u), std::pair("c", 7u)}) {
    auto held = held_of(1, static_cast<queues::LeaseId>(*token), 100);
    held.session = session;
    leases.add(token, std::move(held));
  }
  EXPECT_THAT(leases.held_in(7), ::testing::UnorderedElementsAre("a", "c"));
  EXPECT_THAT(leases.held_in(9), ::testing::IsEmpty());
}

TEST(HandedOut, ARefusedOutcomeIsNotRemembered) {
  HandedOut leases;
  leases.add("t", held_of(1, 5, 100));
  leases.begin("t");
  leases.end("t", false, 50);
  EXPECT_EQ(leases.standing("t"), Standing::unknown);
}

TEST(HandedOut, LeasesEndWithTheirTimeButNotWhileTheySettle) {
  HandedOut leases;
  leases.add("a", held_of(1, 1, 100));
  leases.add("b", held_of(1, 2, 100));
  leases.begin("b");
  leases.forget_ended(100);
  EXPECT_EQ(leases.standing("a"), Standing::held);
  leases.forget_ended(101);
  EXPECT_EQ(leases.standing("a"), Standing::unknown);
  EXPECT_EQ(leases.token_of(1, 1), "");
  EXPECT_EQ(leases.standing("b"), Standing::settling);
}

TEST(HandedOut, FinishedLeasesAreRememberedForAWhile) {
  HandedOut leases;
  leases.set_remembered(1'000);
  leases.add("t", held_of(1, 1, 100));
  leases.begin("t");
  leases.end("t", true, 50);
  leases.forget_ended(1'050);
  EXPECT_EQ(leases.standing("t"), Standing::finished);
  leases.forget_ended(1'051);
  EXPECT_EQ(leases.standing("t"), Standing::unknown);
}

TEST(HandedOut, FinishedLeasesAreBounded) {
  HandedOut leases;
  for (std::size_t i = 0; i <= HandedOut::finished_max; ++i) {
    const std::string token = std::to_string(i);
    leases.add(token, held_of(1, i + 1, 100));
    leases.begin(token);
    leases.end(token, true, 0);
  }
  EXPECT_EQ(leases.standing("0"), Standing::unknown);
  EXPECT_EQ(leases.standing("1"), Standing::finished);
}

TEST(HandedOut, AQueueThatMovedTakesItsLeasesWithIt) {
  HandedOut leases;
  leases.add("a", held_of(1, 1, 100));
  leases.add("b", held_of(2, 1, 100));
  EXPECT_THAT(leases.drop(1), testing::ElementsAre("a"));
  EXPECT_EQ(leases.standing("a"), Standing::unknown);
  EXPECT_EQ(leases.standing("b"), Standing::held);
}

}  // namespace
}  // namespace millrace::receivers
