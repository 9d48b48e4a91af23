// Promise: a claim leases what is ready now and nothing that becomes ready later; who got too little is
// told once when something is ready; what was released has not been acquired.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "actors/queue/state/lease_table.hpp"
#include "tests/queue/work.hpp"

namespace millrace::queues {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr ReceiverId worker = 7;

class QueueClaim : public ::testing::Test {
 protected:
  std::vector<Grant> claim(std::uint32_t max, DurationUs lease_us = 0) {
    work.state().live.receivers[worker] = {.demand = max, .claims = true, .lease_us = lease_us};
    return work.world.dispatch(1);
  }
  ClaimsEnded end(const Dispatch& dispatched = {}) { return end_claims(work.state(), dispatched); }
  Work work;
};

TEST_F(QueueClaim, EndsWithAllThatWasAskedFor) {
  work.append("a");
  work.append("b");
  EXPECT_EQ(text(claim(2)), "a b");
  const ClaimsEnded ended = end();
  EXPECT_THAT(ended.all, ElementsAre(worker));
  EXPECT_THAT(ended.some, IsEmpty());
  EXPECT_THAT(ended.ready, IsEmpty());
  EXPECT_THAT(end().all, IsEmpty()) << "a claim ends once";
}

TEST_F(QueueClaim, GetsNothingThatBecomesReadyAfterItsEnd) {
  work.append("a");
  EXPECT_EQ(text(claim(2)), "a");
  EXPECT_THAT(end().some, ElementsAre(worker));
  work.append("b");
  EXPECT_THAT(work.world.dispatch(1), IsEmpty());
  EXPECT_THAT(end().ready, ElementsAre(worker));
  EXPECT_THAT(end().ready, IsEmpty()) << "it is told once";
  EXPECT_EQ(text(claim(2)), "b");
}

TEST_F(QueueClaim, TellsNobodyWhoGotAll) {
  work.append("a");
  EXPECT_EQ(text(claim(1)), "a");
  EXPECT_THAT(end().all, ElementsAre(worker));
  work.append("b");
  EXPECT_THAT(end().ready, IsEmpty());
}

TEST_F(QueueClaim, WaitsWhileBodiesAreRead) {
  work.append("a");
  claim(2);
  Dispatch reading;
  reading.needs_bodies = true;
  const ClaimsEnded ended = end(reading);
  EXPECT_THAT(ended.all, IsEmpty());
  EXPECT_THAT(ended.some, IsEmpty());
  EXPECT_THAT(end().some, ElementsAre(worker));
}

TEST_F(QueueClaim, TellsNobodyWhileNothingMayBeLeased) {
  claim(1);
  EXPECT_THAT(end().some, ElementsAre(worker));
  work.append("a");
  work.state().live.blocked = 1;
  EXPECT_THAT(end().ready, IsEmpty());
  work.state().live.blocked = 0;
  EXPECT_THAT(end().ready, ElementsAre(worker));
}

TEST_F(QueueClaim, LeasesForItsOwnTime) {
  work.append("a");
  work.append("b");
  const auto own = claim(1, 5'000'000);
  end();
  const auto usual = claim(1);
  ASSERT_EQ(own.size(), 1u);
  ASSERT_EQ(usual.size(), 1u);
  EXPECT_EQ(usual[0].deadline_us - own[0].deadline_us, work.state().limits.lease_us - 5'000'000);
}

TEST_F(QueueClaim, WhatIsReleasedIsReadyInItsPlaceAndWasNotAcquired) {
  work.append("a", "a1");
  work.append("a", "a2");
  work.append("b");
  const auto first = claim(10);
  ASSERT_EQ(text(first), "a1+a2 b");
  end();
  release_lease(work.state(), first[0].lease);
  const auto again = claim(10);
  ASSERT_EQ(text(again), "a1+a2") << "in one lease, as the first time";
  EXPECT_EQ(again[0].messages[0].acquired, 1u);
  EXPECT_EQ(again[0].messages[0].failed, 0u);
}

}  // namespace
}  // namespace millrace::queues
