// Promise: one lease for each key, in order; priorities between keys; keys take turns; limits hold;
// a delayed message delays its own key only; no message overtakes one whose body is being read.
// Checked by the order in which messages are leased.
#include <gtest/gtest.h>

#include "actors/queue/state/lease_table.hpp"
#include "tests/queue/work.hpp"

namespace millrace::queues {
namespace {

class QueueDispatch : public ::testing::Test {
 protected:
  void ack(const std::vector<Grant>& grants) {
    for (const Grant& grant : grants) work.complete(Work::acked(grant));
    work.world.commit();
  }
  Work work;
};

TEST_F(QueueDispatch, LeasesAKeyOnceAtATimeAndInOrder) {
  work.state().limits.run_messages = 1;
  for (const char* payload : {"a1", "a2", "a3"}) work.append("a", payload);
  work.append("b", "b1");
  const auto first = work.lease(10);
  EXPECT_EQ(text(first), "a1 b1");
  EXPECT_TRUE(work.lease(10).empty());
  for (const Grant& grant : first) work.complete(Work::acked(grant));
  EXPECT_TRUE(work.lease(10).empty()) << "an ack that is not durable frees no key";
  work.world.commit();
  EXPECT_EQ(text(work.lease(10)), "a2");
}

TEST_F(QueueDispatch, LeasesNeighboursOfAKeyAsARun) {
  work.state().limits.run_messages = 3;
  for (const char* payload : {"1", "2", "3", "4"}) work.append("a", payload);
  EXPECT_EQ(text(work.lease(10)), "1+2+3");
}

TEST_F(QueueDispatch, BoundsARunInBytes) {
  work.state().limits.run_bytes = 10;
  for (const char* payload : {"1234", "56789", "a larger one than that", "b"}) {
    work.append("", payload);
    work.append("k", payload);
  }
  const auto lease_of_key = [&] {
    for (const Grant& grant : work.lease(100)) {
      ack({grant});
      if (!grant.messages[0].body->key().empty()) return text({grant});
    }
    return std::string("nothing");
  };
  EXPECT_EQ(lease_of_key(), "1234") << "5 bytes with the key, and the next has 6";
  EXPECT_EQ(lease_of_key(), "56789");
  EXPECT_EQ(lease_of_key(), "a larger one than that");
  EXPECT_EQ(lease_of_key(), "b");
}

TEST_F(QueueDispatch, KeepsMessagesOfDifferentPriorityInDifferentRuns) {
  work.append("a", "1");
  work.append("a", "2", 9);
  EXPECT_EQ(text(work.lease(10)), "1");
}

TEST_F(QueueDispatch, ServesHigherPrioritiesFirstButNeverReordersAKey) {
  work.append("a", "a1", 0);
  work.append("a", "a2", 9);
  work.append("b", "b1", 4);
  work.append("", "x", 9);
  EXPECT_EQ(text(work.lease(1)), "x");
  EXPECT_EQ(text(work.lease(1)), "b1");
  const auto a1 = work.lease(1);
  EXPECT_EQ(text(a1), "a1");
  work.append("c", "c1", 5);
  ack(a1);
  EXPECT_EQ(text(work.lease(2)), "a2 c1");
}

TEST_F(QueueDispatch, ServesThePriorityOfAKeysHeadAfterARestart) {
  work.append("a", "a1");
  work.append("a", "a2", 9);
  for (int i = 0; i < 10; ++i) work.append("", "x");
  const auto a1 = work.lease(1);
  ASSERT_EQ(text(a1), "a1");
  ack(a1);
  work.world.crash();
  EXPECT_EQ(text(work.lease(1)), "a2") << "it lined up with a1's priority during the replay";
}

TEST_F(QueueDispatch, LetsKeysTakeTurnsSoThatAHotKeyStarvesNoOther) {
  work.state().limits.run_messages = 1;
  for (int i = 0; i < 100; ++i) work.append("hot");
  work.append("cold");
  work.append("", "plain");
  std::string order;
  for (int i = 0; i < 4; ++i) {
    const auto grants = work.lease(1);
    order += text(grants) + ' ';
    ack(grants);
  }
  EXPECT_EQ(order, "hot cold plain hot ");
}

TEST_F(QueueDispatch, LeasesMessagesWithoutKeyInQueueOrderAlsoOnRedelivery) {
  for (const char* payload : {"1", "2", "3", "4", "5"}) work.append("", payload);
  const auto grants = work.lease(3);
  EXPECT_EQ(text(grants), "1 2 3");
  for (const Grant& grant : grants) end_lease(work.state(), grant.lease);
  EXPECT_EQ(text(work.lease(4)), "1 2 3 4");
}

TEST_F(QueueDispatch, LeasesAMessageWithoutKeyAfterARetryBeforeYoungerOnes) {
  for (const char* payload : {"1", "2", "3"}) work.append("", payload);
  const auto first = work.lease(1);
  work.complete(Work::outcome(first.at(0), {Kind::retry}));
  work.world.commit();
  EXPECT_EQ(text(work.lease(1)), "2");
  work.world.advance(120'000);
  EXPECT_EQ(text(work.lease(2)), "1 3");
}

TEST_F(QueueDispatch, DelaysOnlyTheKeyOfAMessageThatIsNotDue) {
  auto later = *message("a", "a1");
  later.set_not_before_us(work.world.now() + 1'000);
  work.append(later);
  work.append("a", "a2");
  work.append("b", "b1");
  EXPECT_EQ(text(work.lease(10)), "b1");
  EXPECT_EQ(next_look_us(work.state(), work.world.time()), work.world.now() + 1'000);
  work.world.advance(1'000);
  EXPECT_EQ(text(work.lease(10)), "a1+a2");
}

TEST_F(QueueDispatch, ContinuesAKeyWhoseDelayedHeadIsDropped) {
  auto later = *message("a", "a1");
  later.set_not_before_us(work.world.now() + 1'000);
  work.append(later);
  work.append("a", "a2");
  pb::Record purge;
  purge.add_change()->set_queue(1);
  purge.mutable_change(0)->add_drop(1);
  work.world.append(std::move(purge));
  EXPECT_EQ(text(work.lease(10)), "a2");
  EXPECT_EQ(check_invariants(work.state()), "");
}

TEST_F(QueueDispatch, GivesUpWhatExpiresBeforeItIsRun) {
  auto late = *message("a", "late");
  late.set_expires_at_us(work.world.now() + 1'000);
  work.append(late);
  work.append("a", "fine");
  work.world.advance(1'000);
  EXPECT_TRUE(work.lease(10).empty()) << "its key waits until the end of the first is durable";
  work.world.commit();
  EXPECT_EQ(text(work.lease(10)), "fine");
  const pb::Change& dead_letters = work.world.log().back()->change(1);
  EXPECT_EQ(dead_letters.queue(), 2u);
  const pb::DeadLetter& note = dead_letters.append(0).dead_letter();
  EXPECT_EQ(note.code(), static_cast<std::uint32_t>(ErrorCode::expired));
  EXPECT_EQ(note.acquired(), 0u) << "it was never run";
}

TEST_F(QueueDispatch, ExpiresInTheMiddleOfARun) {
  work.append("a", "1");
  auto late = *message("a", "2");
  late.set_expires_at_us(work.world.now());
  work.append(late);
  work.append("a", "3");
  const auto first = work.lease(10);
  EXPECT_EQ(text(first), "1");
  ack(first);
  EXPECT_TRUE(work.lease(10).empty());
  work.world.commit();
  EXPECT_EQ(text(work.lease(10)), "3");
}

TEST_F(QueueDispatch, KeepsWithinDemandAndTheQueuesLimit) {
  work.state().limits.in_flight = 5;
  for (int i = 0; i < 10; ++i) work.append("", std::to_string(i));
  const auto grants = work.lease(3);
  EXPECT_EQ(text(grants), "0 1 2");
  EXPECT_TRUE(work.world.dispatch(1).empty()) << "no demand";
  EXPECT_EQ(text(work.lease(9)), "3 4") << "five are in flight";
  work.complete(Work::acked(grants.at(0)));
  EXPECT_TRUE(work.lease(9).empty()) << "what is settling is in flight";
  work.world.commit();
  EXPECT_EQ(text(work.lease(9)), "5");
}

TEST_F(QueueDispatch, KeepsWithinTheBytesThatMayBeInFlight) {
  work.state().limits.in_flight_bytes = 15;
  for (const char* payload : {"0123456789", "1123456789", "2123456789"}) work.append("", payload);
  const auto grants = work.lease(9);
  EXPECT_EQ(text(grants), "0123456789 1123456789") << "one lease may go beyond";
  work.complete(Work::acked(grants.at(0)));
  EXPECT_TRUE(work.lease(9).empty()) << "what is settling is in flight";
  work.world.commit();
  EXPECT_EQ(text(work.lease(9)), "2123456789");
}

TEST_F(QueueDispatch, CutsARunToTheDemand) {
  for (const char* payload : {"1", "2", "3"}) work.append("a", payload);
  EXPECT_EQ(text(work.lease(2)), "1+2");
}

TEST_F(QueueDispatch, SpreadsWorkOverReceivers) {
  for (int i = 0; i < 4; ++i) work.append("", std::to_string(i));
  for (const ReceiverId id : {1u, 2u}) work.state().live.receivers[id].demand = 2;
  std::string receivers;
  for (const Grant& grant : work.world.dispatch(1)) receivers += std::to_string(grant.receiver);
  EXPECT_EQ(receivers, "1212");
}

TEST_F(QueueDispatch, StopsWhileTheLogHasNoRoomForOutcomes) {
  work.append("a");
  work.state().live.exhausted = true;
  EXPECT_TRUE(work.lease(1).empty());
  work.state().live.exhausted = false;
  EXPECT_EQ(text(work.lease(1)), "a");
}

TEST_F(QueueDispatch, StopsWhileDownstreamIsFullOrTheNodeDrains) {
  work.append("a");
  work.state().live.blocked = 1;
  EXPECT_TRUE(work.lease(1).empty());
  work.state().live.blocked = 0;
  work.state().live.draining = true;
  EXPECT_TRUE(work.lease(1).empty());
  work.state().live.draining = false;
  EXPECT_EQ(text(work.lease(1)), "a");
}

TEST_F(QueueDispatch, LeasesNoMessageBehindABodyThatIsBeingRead) {
  const std::string big(300, 'x');
  work.append("a", "small");
  work.append("", big);
  work.append("", "3");
  for (Sequence sequence = 2; sequence <= 3; ++sequence) {
    work.state().durable.index.drop_body(sequence);
  }
  work.state().durable.index.set_body(3, Body(message("", "3")));
  work.state().live.receivers[7].demand = 10;
  const Dispatch dispatched = dispatch(work.state(), work.world.time());
  EXPECT_EQ(text(dispatched.grants), "small");
  EXPECT_TRUE(dispatched.needs_bodies);
  const auto wanted = wanted_bodies(work.state(), 10);
  ASSERT_EQ(wanted.size(), 1u);
  EXPECT_EQ(wanted[0].sequence, 2u);
  EXPECT_EQ(text(work.world.dispatch(1)), big + " 3");
}

TEST_F(QueueDispatch, ReadsRelocatedBodiesFromTheirNewPlace) {
  work.append("a", "old place");
  pb::Record record;
  record.add_change()->set_queue(1);
  pb::Relocation& move = *record.mutable_change(0)->add_relocation();
  move.set_sequence(1);
  *move.mutable_envelope() = *message("a", "new place");
  work.world.append(std::move(record));
  work.state().durable.index.drop_body(1);
  EXPECT_EQ(text(work.lease(1)), "new place");
}

TEST_F(QueueDispatch, ReadsNoMoreBytesAtOnceThanItsLimit) {
  work.state().limits.body_cache_bytes = 0;
  for (int i = 0; i < 20; ++i) {
    work.append(i % 2 == 0 ? "" : "k", std::string(1u << 20, 'x'));
  }
  EXPECT_EQ(wanted_bodies(work.state(), 2'048).size(), 4u);
}

TEST_F(QueueDispatch, IgnoresTheBodyOfAMessageThatIsGone) {
  work.append("a");
  const auto grants = work.lease(1);
  ack(grants);
  work.state().durable.index.set_body(1, Body(message("a")));
  work.state().durable.index.set_body(100'000, Body(message("a")));
  EXPECT_EQ(work.state().durable.index.cached(), 0u);
}

TEST_F(QueueDispatch, NeverLeasesCollidingKeysTogether) {
  work.append("a", "1");
  work.append("a", "2");
  // As if "b" had the hash of "a": the second message of the chain is of another key.
  work.state().durable.index.set_body(2, Body(message("b", "2")));
  EXPECT_EQ(text(work.lease(10)), "1");
}

TEST_F(QueueDispatch, GivesTheKeysStateWithTheLease) {
  work.append("a");
  LeaseOutcome outcome = Work::acked(work.lease(1).at(0));
  outcome.next_state = "state";
  work.complete(std::move(outcome));
  work.world.commit();
  work.append("a");
  work.append("b");
  const auto grants = work.lease(2);
  EXPECT_EQ(*grants.at(0).state, "state");
  EXPECT_EQ(grants.at(1).state, nullptr);
}

TEST_F(QueueDispatch, KeepsNoTicketsOfMessagesThatAReplayRemoved) {
  for (int i = 0; i < 20'000; ++i) {
    const bool keyed = i % 2 == 0;
    work.append(keyed ? "k" + std::to_string(i) : "", "x");
    pb::Record record;
    record.add_change()->set_queue(1);
    record.mutable_change(0)->add_ack(work.state().durable.last);
    work.world.append(std::move(record));
  }
  EXPECT_LT(work.state().keys.size(), 5'000u) << "slots of keys long gone are given back";
  work.append("last");
  EXPECT_EQ(text(work.lease(1)), "last");
}

}  // namespace
}  // namespace millrace::queues
