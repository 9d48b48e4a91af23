#include "actors/receiver/external/claims.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace millrace::receivers {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

queues::Grant grant_of(queues::LeaseId lease, std::size_t messages = 1) {
  queues::Grant grant;
  grant.lease = lease;
  for (std::size_t i = 0; i < messages; ++i) {
    auto envelope = std::make_shared<pb::Envelope>();
    envelope->set_payload("payload");
    grant.messages.push_back({.sequence = i + 1, .body = queues::Body(std::move(envelope))});
  }
  return grant;
}

std::vector<queues::QueueNumber> queues_of(const std::vector<ClaimOrder>& orders) {
  std::vector<queues::QueueNumber> queues;
  for (const ClaimOrder& order : orders) queues.push_back(order.queue);
  return queues;
}

TEST(Claims, NothingIsClaimedWithoutAWorkerThatWaits) {
  Claims claims;
  claims.add_source(1);
  EXPECT_THAT(claims.next_orders(), IsEmpty());
  claims.on_ready(1);
  EXPECT_THAT(claims.next_orders(), IsEmpty());
}

TEST(Claims, AWaitClaimsOneQueueAtATimeUntilItHasEnough) {
  Claims claims;
  claims.add_source(1);
  claims.add_source(2);
  claims.add({.id = 7, .max = 3, .until_us = 100});
  auto orders = claims.next_orders();
  ASSERT_THAT(orders, SizeIs(1));
  EXPECT_EQ(orders[0].queue, 1u);
  EXPECT_EQ(orders[0].max, 3u);
  EXPECT_THAT(claims.next_orders(), IsEmpty());
  EXPECT_THAT(claims.on_granted(1, {grant_of(5)}), IsEmpty());
  claims.on_claimed(1, false);
  orders = claims.next_orders();
  ASSERT_THAT(queues_of(orders), ElementsAre(2u));
  EXPECT_EQ(orders[0].max, 2u);
  EXPECT_THAT(claims.take_done(), IsEmpty());
  EXPECT_THAT(claims.on_granted(2, {grant_of(6, 2)}), IsEmpty());
  claims.on_claimed(2, true);
  EXPECT_THAT(claims.next_orders(), IsEmpty());
  const auto done = claims.take_done();
  ASSERT_THAT(done, SizeIs(1));
  EXPECT_EQ(done[0].id, 7u);
  EXPECT_THAT(done[0].granted, SizeIs(2));
  EXPECT_EQ(claims.waiting(), 0u);
}

TEST(Claims, AWaitThatGotSomethingDoesNotWaitForMore) {
  Claims claims;
  claims.add_source(1);
  claims.add({.id = 1, .max = 10, .until_us = 100});
  ASSERT_THAT(claims.next_orders(), SizeIs(1));
  EXPECT_THAT(claims.on_granted(1, {grant_of(1)}), IsEmpty());
  claims.on_claimed(1, false);
  EXPECT_THAT(claims.next_orders(), IsEmpty());
  EXPECT_THAT(claims.take_done(), SizeIs(1));
}

TEST(Claims, AWaitThatGotNothingIsServedWhenSomethingIsReady) {
  Claims claims;
  claims.add_source(1);
  claims.add({.id = 1, .until_us = 100});
  ASSERT_THAT(claims.next_orders(), SizeIs(1));
  claims.on_claimed(1, false);
  EXPECT_THAT(claims.next_orders(), IsEmpty());
  EXPECT_THAT(claims.take_done(), IsEmpty());
  EXPECT_EQ(claims.next_end_us(), 100);
  claims.on_ready(1);
  EXPECT_THAT(claims.next_orders(), SizeIs(1));
}

TEST(Claims, AWaitEndsEmptyWhenItsTimeIsOverButNotDuringAClaim) {
  Claims claims;
  claims.add_source(1);
  claims.add({.id = 1, .until_us = 100});
  ASSERT_THAT(claims.next_orders(), SizeIs(1));
  claims.expire(100);
  EXPECT_THAT(claims.take_done(), IsEmpty());
  claims.on_claimed(1, false);
  claims.expire(99);
  EXPECT_THAT(claims.take_done(), IsEmpty());
  claims.expire(100);
  const auto done = claims.take_done();
  ASSERT_THAT(done, SizeIs(1));
  EXPECT_THAT(done[0].granted, IsEmpty());
}

TEST(Claims, WhatAWorkerThatLeftHadGotOrGetsIsReturned) {
  Claims claims;
  claims.add_source(1);
  claims.add_source(2);
  claims.add({.id = 1, .max = 2, .until_us = 100});
  ASSERT_THAT(claims.next_orders(), SizeIs(1));
  EXPECT_THAT(claims.on_granted(1, {grant_of(1)}), IsEmpty());
  claims.on_claimed(1, true);
  ASSERT_THAT(claims.next_orders(), SizeIs(1));  // of queue 2
  EXPECT_THAT(claims.cancel(1), SizeIs(1));
  EXPECT_THAT(claims.on_granted(2, {grant_of(2)}), SizeIs(1));
  // The claim is still open: nobody else claims that queue meanwhile.
  claims.add({.id = 2, .until_us = 100});
  EXPECT_THAT(queues_of(claims.next_orders()), ElementsAre(1u));
  claims.on_claimed(2, true);
}

TEST(Claims, WaitsClaimDifferentQueues) {
  Claims claims;
  claims.add_source(1);
  claims.add_source(2);
  for (WaitId id = 1; id <= 3; ++id) claims.add({.id = id, .until_us = 100});
  EXPECT_THAT(queues_of(claims.next_orders()), ElementsAre(1u, 2u));
}

TEST(Claims, AQueueThatMovedGivesNothing) {
  Claims claims;
  claims.add_source(1);
  claims.add({.id = 1, .max = 2, .until_us = 100});
  ASSERT_THAT(claims.next_orders(), SizeIs(1));
  EXPECT_THAT(claims.on_granted(1, {grant_of(1)}), IsEmpty());
  claims.drop_source(1);
  EXPECT_THAT(claims.on_granted(1, {grant_of(2)}), IsEmpty());  // its leases have ended
  EXPECT_THAT(claims.next_orders(), IsEmpty());
  EXPECT_THAT(claims.take_done(), IsEmpty());
  claims.add_source(2);
  EXPECT_THAT(queues_of(claims.next_orders()), ElementsAre(2u));
}

TEST(Claims, AnAnswerIsBoundedInBytes) {
  Claims claims;
  claims.add_source(1);
  claims.add({.id = 1, .max = 1000, .until_us = 100});
  ASSERT_THAT(claims.next_orders(), SizeIs(1));
  queues::Grant grant = grant_of(1);
  grant.state = std::make_shared<const std::string>(wait_bytes_max, 'x');
  EXPECT_THAT(claims.on_granted(1, {grant}), IsEmpty());
  claims.on_claimed(1, true);
  EXPECT_THAT(claims.next_orders(), IsEmpty());
  EXPECT_THAT(claims.take_done(), SizeIs(1));
}

}  // namespace
}  // namespace millrace::receivers
