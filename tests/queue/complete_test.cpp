// Promise: an outcome is applied whole or not at all, once, and only while its lease lasts; a
// message that fails is retried, and becomes a dead letter with its reason in the end. Checked on
// records and states.
#include <gtest/gtest.h>

#include "actors/queue/state/lease_table.hpp"
#include "tests/queue/work.hpp"

namespace millrace::queues {
namespace {

class QueueComplete : public ::testing::Test {
 protected:
  Grant lease_one() {
    auto grants = work.lease(1);
    EXPECT_EQ(grants.size(), 1u);
    return grants.at(0);
  }
  // Fails the message at the head until it has failed `times`, after each delay.
  void fail(int times) {
    for (int i = 0; i < times; ++i) {
      work.complete(Work::outcome(lease_one(), {Kind::failed}));
      work.world.commit();
      work.world.advance(73'000'000);
    }
  }
  [[nodiscard]] std::uint64_t live(QueueNumber number = 1) {
    return work.state(number).durable.index.size();
  }
  pb::Envelope dead_letter_of_1() {
    const auto& log = work.world.log();
    for (auto record = log.rbegin(); record != log.rend(); ++record) {
      for (const pb::Change& change : (*record)->change()) {
        if (change.queue() == 2 && change.append_size() > 0) return change.append(0);
      }
    }
    ADD_FAILURE() << "no dead letter";
    return {};
  }

  Work work;
};

TEST_F(QueueComplete, AcksOutputsStateHistoryAndTimersInOneRecord) {
  work.append("k");
  LeaseOutcome outcome = Work::acked(lease_one());
  MessageOutcome& message = outcome.messages[0];
  message.outputs.push_back({3, std::make_unique<pb::Envelope>(*queues::message("out"))});
  message.outputs.push_back({1, std::make_unique<pb::Envelope>(*queues::message("self"))});
  message.history.emplace_back("happened");
  message.timers_set.emplace_back().set_key("k");
  message.timers_set[0].set_name("t");
  outcome.next_state = "next";
  work.complete(std::move(outcome));
  EXPECT_EQ(live(3), 0u) << "nothing is shown before it is durable";
  EXPECT_EQ(work.state().durable.keyed.find("k"), nullptr);
  const std::size_t before = work.world.log().size();
  work.world.commit();

  EXPECT_EQ(work.world.log().size(), before + 1);
  EXPECT_EQ(live(3), 1u);
  EXPECT_EQ(live(1), 1u) << "acked, and its output to its own queue is there";
  const KeyState* state = work.state().durable.keyed.find("k");
  ASSERT_NE(state, nullptr);
  EXPECT_EQ(*state->value, "next");
  const auto history = KeyedStore::parse_history(state->history);
  ASSERT_EQ(history.size(), 1u);
  EXPECT_EQ(history[0].value(), "happened");
  EXPECT_EQ(history[0].input(), 1u);
  EXPECT_EQ(work.state().durable.keyed.timers().size(), 1u);
}

TEST_F(QueueComplete, OfAnEndedLeaseIsRefusedAndChangesNothing) {
  work.append("k");
  const Grant grant = lease_one();
  work.world.advance(work.state().limits.lease_us + 1);
  LeaseOutcome late = Work::acked(grant);
  late.next_state = "late";
  EXPECT_EQ(work.complete(std::move(late)).refused, std::vector{grant.lease});
  EXPECT_EQ(work.world.in_flight(), 0u);
}

TEST_F(QueueComplete, AtTheDeadlineIsInTime) {
  work.append("k");
  const Grant grant = lease_one();
  work.world.advance(work.state().limits.lease_us);
  EXPECT_TRUE(overdue_leases(work.state(), work.world.now()).empty());
  EXPECT_TRUE(work.complete(Work::acked(grant)).refused.empty());
}

TEST_F(QueueComplete, AcceptsOneOutcomeForEachLease) {
  work.append("k");
  const Grant grant = lease_one();
  Complete twice;
  twice.outcomes.push_back(Work::acked(grant));
  twice.outcomes.push_back(Work::acked(grant));
  const CompleteDecision decided = decide(work.state(), twice, work.world.time());
  EXPECT_EQ(decided.refused, std::vector{grant.lease});
  EXPECT_EQ(decided.decision.record->change(0).ack_size(), 1);

  EXPECT_TRUE(work.complete(Work::acked(grant)).refused.empty());
  EXPECT_FALSE(work.complete(Work::acked(grant)).refused.empty()) << "while it is on its way";
  work.world.commit();
  EXPECT_FALSE(work.complete(Work::acked(grant)).refused.empty()) << "when it is over";
  EXPECT_EQ(work.state().durable.ledger.acked, 1u);
}

TEST_F(QueueComplete, WithTheWrongNumberOfMessagesIsRefused) {
  work.append("k");
  LeaseOutcome outcome = Work::acked(lease_one());
  outcome.messages.clear();
  EXPECT_EQ(work.complete(std::move(outcome)).refused.size(), 1u);
}

TEST_F(QueueComplete, OfALeaseInProgressMayBeExtended) {
  work.append("k");
  const Grant grant = lease_one();
  work.world.advance(20'000'000);
  EXPECT_TRUE(extend_lease(work.state(), grant.lease, work.world.now() + 30'000'000));
  work.world.advance(20'000'000);
  EXPECT_TRUE(overdue_leases(work.state(), work.world.now()).empty());
  EXPECT_TRUE(work.complete(Work::acked(grant)).refused.empty());
  EXPECT_FALSE(extend_lease(work.state(), grant.lease, work.world.now())) << "it is settling";
}

TEST_F(QueueComplete, KeepsTheLaterDeadlineWhenAnExtensionIsShorter) {
  work.append("k");
  const Grant grant = lease_one();
  EXPECT_TRUE(extend_lease(work.state(), grant.lease, work.world.now() + 1'000'000));
  work.world.advance(20'000'000);
  EXPECT_TRUE(work.complete(Work::acked(grant)).refused.empty());
}

TEST_F(QueueComplete, LostBeforeItsHandlingBeganIsNoFailure) {
  work.append("k");
  lease_one();
  work.world.send(1, decide_lost(work.state(), leases_of(work.state(), 7), ErrorCode::receiver_lost,
                                 0, work.world.now()));
  work.world.commit();
  EXPECT_EQ(work.state().durable.index.find(1)->failed, 0u);
  EXPECT_EQ(lease_one().messages[0].acquired, 2u) << "so that its next receiver begins it alone";
}

TEST_F(QueueComplete, OfManyLostLeasesMakesRecordsOfBoundedSize) {
  const std::string body(1u << 20, 'x');
  for (int i = 0; i < 8; ++i) work.append("k" + std::to_string(i), body);
  work.state().limits.failed_max = 0;
  std::vector<LeaseId> leases;
  for (const Grant& grant : work.lease(8)) {
    leases.push_back(grant.lease);
    begin_work(work.state(), grant.lease);
  }
  ASSERT_EQ(leases.size(), 8u);
  EXPECT_EQ(fitting(work.state(), leases), 1u) << "two are a little over 2 MiB";
  EXPECT_EQ(fitting(work.state(), std::span(leases).first(0)), 0u);
}

TEST_F(QueueComplete, WithRetryIsRedeliveredAfterItsDelay) {
  work.append("k");
  LeaseOutcome retry = Work::outcome(lease_one(), {Kind::retry});
  retry.messages[0].delay_us = 5'000;
  work.complete(std::move(retry));
  work.world.commit();
  EXPECT_TRUE(work.lease(1).empty());
  EXPECT_EQ(next_look_us(work.state(), work.world.time()), work.world.now() + 5'000);
  work.world.advance(5'000);
  const Grant again = lease_one();
  EXPECT_EQ(again.messages[0].failed, 1u);
  EXPECT_EQ(again.messages[0].acquired, 2u);
  EXPECT_EQ(work.state().durable.ledger.redelivered, 1u);
}

TEST_F(QueueComplete, WithPostponementCountsNeitherFailureNorLease) {
  work.append("k", "first");
  work.append("k", "second");
  for (int i = 0; i < 10; ++i) {
    work.state().limits.failed_max = 0;
    work.state().limits.acquired_max = 2;
    const Grant grant = lease_one();
    ASSERT_EQ(grant.messages.size(), 1u);
    EXPECT_EQ(grant.messages[0].body->payload(), "first");
    EXPECT_EQ(grant.messages[0].failed, 0u);
    EXPECT_EQ(grant.messages[0].acquired, 1u);
    EXPECT_EQ(grant.messages[0].was_postponed, i > 0);
    LeaseOutcome later = Work::outcome(grant, {Kind::postponed});
    later.messages[0].delay_us = 5'000;
    work.complete(std::move(later));
    work.world.commit();
    EXPECT_TRUE(work.lease(1).empty()) << "the messages behind it wait too";
    work.world.crash();
    work.world.advance(5'000);
  }
  EXPECT_EQ(work.state().durable.ledger.redelivered, 10u);
  EXPECT_FALSE(work.state().durable.index.find(1)->has_failure);
  EXPECT_TRUE(work.state().durable.failures.empty());
}

TEST_F(QueueComplete, WithPostponementKeepsEarlierFailures) {
  work.append("k");
  fail(2);
  LeaseOutcome later = Work::outcome(lease_one(), {Kind::postponed});
  work.complete(std::move(later));
  work.world.commit();
  work.world.advance(work.state().limits.retry_max_us);
  const Grant again = lease_one();
  EXPECT_EQ(again.messages[0].failed, 2u);
  EXPECT_EQ(again.messages[0].acquired, 3u);
  EXPECT_EQ(work.state().durable.failures.size(), 1u);
}

TEST_F(QueueComplete, BacksOffDoublingWithJitterUpToItsLimit) {
  const Limits limits;
  EXPECT_EQ(retry_delay_us(limits, 1, 20), 100'000);
  EXPECT_EQ(retry_delay_us(limits, 2, 20), 200'000);
  EXPECT_EQ(retry_delay_us(limits, 5, 20), 1'600'000);
  EXPECT_EQ(retry_delay_us(limits, 60'000, 20), limits.retry_max_us);
  for (std::uint64_t jitter = 0; jitter < 100; ++jitter) {
    EXPECT_GE(retry_delay_us(limits, 1, jitter), 80'000);
    EXPECT_LE(retry_delay_us(limits, 1, jitter), 120'000);
  }
  EXPECT_NE(retry_delay_us(limits, 1, 0), retry_delay_us(limits, 1, 40));
}

TEST_F(QueueComplete, FailsWithoutEndWhereNoNumberIsNamed) {
  work.append("k");
  fail(7);
  EXPECT_EQ(live(), 1u);
  work.state().durable.index.find(1)->failed = UINT16_MAX;
  fail(2);
  EXPECT_EQ(live(), 1u);
  EXPECT_EQ(work.state().durable.index.find(1)->failed, UINT16_MAX) << "the count does not wrap";
}

TEST_F(QueueComplete, WithMoreFailuresThanTheLimitMakesADeadLetter) {
  work.state().limits.failed_max = 5;
  work.append("k");
  const TimeUs first = work.world.now();
  fail(5);
  EXPECT_EQ(live(), 1u) << "five failures are within the limit";
  const TimeUs last = work.world.now();
  fail(1);
  EXPECT_EQ(live(), 0u);
  EXPECT_EQ(live(2), 1u);
  EXPECT_EQ(work.state().durable.ledger.dead, 1u);
  const pb::DeadLetter note = dead_letter_of_1().dead_letter();
  EXPECT_EQ(note.origin_queue(), "work");
  EXPECT_EQ(note.origin_sequence(), 1u);
  EXPECT_EQ(note.code(), static_cast<std::uint32_t>(ErrorCode::handler_failed));
  EXPECT_EQ(note.reason(), "because");
  EXPECT_EQ(note.failed(), 6u);
  EXPECT_EQ(note.acquired(), 6u);
  EXPECT_EQ(note.first_failed_at_us(), first);
  EXPECT_EQ(note.last_failed_at_us(), last);
}

TEST_F(QueueComplete, WithRejectMakesADeadLetterAtOnce) {
  auto envelope = *message("k", "payload", 7);
  envelope.set_idempotency_key("order-7");
  envelope.set_expires_at_us(work.world.now() + 1'000'000);
  work.append(envelope);
  work.complete(Work::outcome(lease_one(), {Kind::rejected}));
  work.world.commit();
  EXPECT_EQ(live(), 0u);
  const pb::Envelope dead = dead_letter_of_1();
  EXPECT_EQ(dead.payload(), "payload");
  EXPECT_EQ(dead.key(), "k");
  EXPECT_EQ(dead.expires_at_us(), 0) << "a dead letter does not expire";
  EXPECT_TRUE(dead.idempotency_key().empty());
  EXPECT_EQ(dead.dead_letter().code(), static_cast<std::uint32_t>(ErrorCode::rejected));
  EXPECT_EQ(dead.dead_letter().failed(), 0u);
  EXPECT_EQ(dead.dead_letter().first_failed_at_us(), 0);
}

TEST_F(QueueComplete, WithMoreLeasesThanTheLimitMakesADeadLetter) {
  work.state().limits.acquired_max = 3;
  work.append("k");
  for (int i = 0; i < 3; ++i)
    end_lease(work.state(), lease_one().lease);  // returned without being handled
  EXPECT_TRUE(work.lease(1).empty());
  work.world.commit();
  EXPECT_EQ(live(), 0u);
  const pb::DeadLetter note = dead_letter_of_1().dead_letter();
  EXPECT_EQ(note.acquired(), 3u) << "giving up is not a lease";
  EXPECT_EQ(note.reason(), "leased 3 times without an outcome");
}

TEST_F(QueueComplete, LostWithItsReceiverCountsAsFailure) {
  work.append("k");
  const Grant grant = lease_one();
  EXPECT_EQ(leases_of(work.state(), 7), std::vector{grant.lease});
  begin_work(work.state(), grant.lease);
  EXPECT_TRUE(leases_of(work.state(), 8).empty());
  work.world.send(1, decide_lost(work.state(), leases_of(work.state(), 7), ErrorCode::receiver_lost,
                                 0, work.world.now()));
  EXPECT_EQ(work.complete(Work::acked(grant)).refused.size(), 1u);
  EXPECT_TRUE(leases_of(work.state(), 7).empty()) << "it is lost once";
  work.world.commit();
  const pb::Failure& failure = work.world.log().back()->change(0).failure(0);
  EXPECT_EQ(failure.code(), static_cast<std::uint32_t>(ErrorCode::receiver_lost));
  EXPECT_EQ(work.state().durable.index.find(1)->failed, 1u);
}

TEST_F(QueueComplete, OfALostRunIsNoFailureAndLeasesEachMessageAlone) {
  work.append("k", "1");
  work.append("k", "2");
  EXPECT_EQ(text(work.lease(5)), "1+2");
  work.world.advance(work.state().limits.lease_us + 1);
  const auto overdue = overdue_leases(work.state(), work.world.now());
  ASSERT_EQ(overdue.size(), 1u);
  work.world.send(
      1, decide_lost(work.state(), overdue, ErrorCode::lease_expired, 0, work.world.now()));
  work.world.commit();
  EXPECT_EQ(work.state().durable.index.find(1)->failed, 0u);
  EXPECT_EQ(text(work.lease(5)), "1");
}

TEST_F(QueueComplete, OfARunWithAFailureKeepsTheRestInOrder) {
  for (const char* payload : {"1", "2", "3", "4"}) work.append("k", payload);
  const auto grants = work.lease(10);
  ASSERT_EQ(text(grants), "1+2+3+4");
  LeaseOutcome outcome =
      Work::outcome(grants[0], {Kind::acked, Kind::failed, Kind::not_run, Kind::not_run});
  work.complete(std::move(outcome));
  work.append("k", "5");
  work.world.commit();
  EXPECT_TRUE(work.lease(10).empty()) << "the failed one parks its key";
  work.world.advance(120'000);
  EXPECT_EQ(text(work.lease(10)), "2");
  work.complete(Work::acked({7, 2, 0, nullptr, {{2, 1, 2, Body(message("k"))}}}));
  work.world.commit();
  EXPECT_EQ(text(work.lease(10)), "3") << "acquired before, so alone";
}

TEST_F(QueueComplete, OfARunMayRejectInTheMiddle) {
  for (const char* payload : {"1", "2", "3"}) work.append("k", payload);
  work.complete(Work::outcome(work.lease(10).at(0), {Kind::acked, Kind::rejected, Kind::acked}));
  work.world.commit();
  EXPECT_EQ(live(), 0u);
  EXPECT_EQ(work.state().durable.ledger.acked, 2u);
  EXPECT_EQ(work.state().durable.ledger.dead, 1u);
}

TEST_F(QueueComplete, WithNoMessageHandledChangesNothing) {
  work.append("k", "1");
  work.append("k", "2");
  work.complete(Work::outcome(work.lease(10).at(0), {Kind::not_run, Kind::not_run}));
  work.world.commit();
  EXPECT_EQ(live(), 2u);
  EXPECT_EQ(text(work.lease(10)), "1");
}

TEST_F(QueueComplete, AfterACrashTheMessageKeepsItsFailuresButNoLease) {
  work.append("k", "1");
  work.append("k", "2");
  fail(2);
  lease_one();
  work.world.crash();
  EXPECT_TRUE(work.state().live.leases.empty());
  const auto grants = work.lease(1);
  EXPECT_EQ(text(grants), "1");
  EXPECT_EQ(grants.at(0).messages[0].failed, 2u);
}

TEST_F(QueueComplete, OfADelayedMessageSurvivesACrash) {
  auto later = *message("k");
  later.set_not_before_us(work.world.now() + 1'000'000);
  work.append(later);
  work.world.advance(1'000'000);
  fail(1);
  work.world.crash();
  EXPECT_EQ(text(work.lease(1)), "k") << "the replay must not forget when it is due";
}

TEST_F(QueueComplete, OfADroppedMessageIsLeftAlone) {
  work.append("k", "1");
  const Grant grant = lease_one();
  pb::Record purge;
  purge.add_change()->set_queue(1);
  purge.mutable_change(0)->add_drop(1);
  work.world.append(std::move(purge));
  EXPECT_TRUE(work.complete(Work::acked(grant)).refused.empty());
  work.world.commit();
  EXPECT_EQ(work.state().durable.ledger.acked, 0u);
  EXPECT_EQ(work.state().durable.ledger.dropped, 1u);
  EXPECT_EQ(check_invariants(work.state()), "");
  EXPECT_EQ(work.state().keys.size(), 0u);
}

}  // namespace
}  // namespace millrace::queues
