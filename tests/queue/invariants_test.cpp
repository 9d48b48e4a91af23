// Promise: check_invariants() finds each kind of damage to a queue's tables. Each test plants one
// violation in an intact queue and expects the name of the invariant.
#include "actors/queue/state/invariants.hpp"

#include <gtest/gtest.h>

#include "actors/queue/state/chain_writer.hpp"
#include "actors/queue/state/lease_table.hpp"
#include "tests/queue/work.hpp"

namespace millrace::queues {
namespace {

// Keyed messages 1, 2 (key "a") and 3 (key "b"), message 4 without key.
class QueueInvariants : public ::testing::Test {
 protected:
  QueueInvariants() {
    for (const char* key : {"a", "a", "b", ""}) work.append(key, "payload");
    EXPECT_EQ(check_invariants(state()), "");
  }

  State& state() { return work.state(); }
  Entry& entry(Sequence sequence) { return *state().durable.index.find(sequence); }
  KeyChain& chain(Sequence sequence) {
    return ChainWriter::chain(state().keys, entry(sequence).slot);
  }
  /// Leases message 4, which has no key.
  Lease& lease_of_4() {
    for (const Grant& grant : work.lease(100)) {
      if (grant.messages.front().sequence == 4) return state().live.leases.at(grant.lease);
    }
    ADD_FAILURE() << "message 4 was not leased";
    return state().live.leases.begin()->second;
  }
  /// Message 5, without key, due in an hour.
  void append_delayed(const std::string& key = {}) {
    const auto envelope = message(key, "later");
    envelope->set_not_before_us(work.world.now() + 3'600'000'000);
    work.append(*envelope);
  }

  void expect_violation(const std::string& invariant) {
    const std::string found = check_invariants(state());
    EXPECT_EQ(found.substr(0, 6 + invariant.size() + 1), "work: " + invariant + ":") << found;
  }

  Work work;
};

TEST_F(QueueInvariants, LedgerBalancesWithTheIndex) {
  ++state().durable.ledger.acked;
  expect_violation("ledger");
}

TEST_F(QueueInvariants, BytesAreTheSumOverTheMessages) {
  for (Sequence sequence = 1; sequence <= 4; ++sequence) state().durable.index.drop_body(sequence);
  ++entry(1).bytes;
  expect_violation("index");
}

TEST_F(QueueInvariants, CachedBytesAreTheSumOverTheBodies) {
  state().durable.index.set_bytes(entry(1), entry(1).bytes + 1);
  expect_violation("cache");
}

TEST_F(QueueInvariants, NoMessageIsBeyondTheLastNumber) {
  state().durable.last = 3;
  expect_violation("last");
}

TEST_F(QueueInvariants, SchedulesAreThoseThatTheEntriesHave) {
  entry(2).has_schedule = true;
  expect_violation("schedule");
}

TEST_F(QueueInvariants, NoScheduleOutlivesItsMessage) {
  state().durable.schedules[9] = {1, 2};
  expect_violation("schedule");
}

TEST_F(QueueInvariants, FailuresAreThoseThatTheEntriesHave) {
  state().durable.failures[2] = {1, 2};
  expect_violation("failure");
}

TEST_F(QueueInvariants, DelayTableHoldsDelayedMessagesOnly) {
  state().live.delayed.emplace(1, 4);
  expect_violation("delayed");
}

TEST_F(QueueInvariants, EachDelayedMessageIsInTheDelayTable) {
  append_delayed();
  state().live.delayed.clear();
  expect_violation("delayed");
}

TEST_F(QueueInvariants, DelayTableHasTheTimeOfTheSchedule) {
  append_delayed();
  ++state().durable.schedules[5].not_before_us;
  expect_violation("delayed");
}

TEST_F(QueueInvariants, DelayedMessageWithKeyIsTheHeadOfABusyKey) {
  append_delayed("c");
  chain(5).busy = false;
  expect_violation("delayed");
}

TEST_F(QueueInvariants, LeasedMessageHasTheStatusOfItsLease) {
  lease_of_4().settling = true;
  state().live.deadlines.clear();
  for (auto& [id, lease] : state().live.leases) {
    if (!lease.settling) state().live.deadlines.emplace(lease.deadline_us, id);
  }
  expect_violation("lease");
}

TEST_F(QueueInvariants, LeasedMessageIsInOneRun) {
  lease_of_4();
  ChainWriter::set_status(entry(4), Status::waiting);
  expect_violation("lease");
  ChainWriter::set_status(entry(4), Status::leased);
  for (auto& [id, lease] : state().live.leases) {
    if (lease.slot != no_slot) lease.run.push_back(4);
  }
  expect_violation("lease");
}

TEST_F(QueueInvariants, LeasedMessageHasALease) {
  ChainWriter::set_status(entry(4), Status::leased);
  expect_violation("lease");
}

TEST_F(QueueInvariants, LeaseIsOfTheKeyOfItsMessages) {
  lease_of_4();
  for (auto& [id, lease] : state().live.leases) lease.slot = no_slot;
  expect_violation("lease");
}

TEST_F(QueueInvariants, KeyHasOneLease) {
  lease_of_4().slot = entry(1).slot;
  expect_violation("lease");
}

TEST_F(QueueInvariants, OnlyALeaseOfOneMessageIsBegun) {
  lease_of_4();
  for (auto& [id, lease] : state().live.leases) lease.begun = true;
  expect_violation("lease");
}

TEST_F(QueueInvariants, NoLeaseIsBeyondTheLastOne) {
  lease_of_4();
  state().live.lease_last = 0;
  expect_violation("lease");
}

TEST_F(QueueInvariants, DeadlinesAreThoseOfLeasesThatMayExpire) {
  lease_of_4();
  state().live.deadlines.erase(state().live.deadlines.begin());
  expect_violation("deadline");
}

TEST_F(QueueInvariants, NoDeadlineOutlivesItsLease) {
  state().live.deadlines.emplace(1, 1);
  expect_violation("deadline");
}

TEST_F(QueueInvariants, InFlightIsTheSumOverTheRuns) {
  lease_of_4();
  ++state().live.in_flight;
  expect_violation("in flight");
}

TEST_F(QueueInvariants, ChainEndsWithItsTail) {
  chain(1).tail = 1;
  expect_violation("chain");
}

TEST_F(QueueInvariants, ChainHoldsAllMessagesOfItsKey) {
  ChainWriter::set_next(entry(1), 0);
  chain(1).tail = 1;
  expect_violation("chain");
}

TEST_F(QueueInvariants, ChainHoldsMessagesOfItsKeyOnly) {
  ChainWriter::set_next(entry(2), 3);
  expect_violation("chain");
}

TEST_F(QueueInvariants, ChainIsInAscendingOrder) {
  ChainWriter::set_next(entry(2), 1);
  expect_violation("chain");
}

TEST_F(QueueInvariants, ChainHoldsLiveMessagesOnly) {
  ChainWriter::set_next(entry(2), 9);
  expect_violation("chain");
}

TEST_F(QueueInvariants, KeyIsBusyWhileLeasedOrDelayed) {
  chain(1).busy = true;
  chain(1).line = no_line;
  expect_violation("busy");
}

TEST_F(QueueInvariants, BusyKeyIsInNoLine) {
  lease_of_4();
  chain(1).line = entry(1).priority;
  expect_violation("busy");
}

TEST_F(QueueInvariants, FreeKeyIsInALine) {
  chain(1).line = no_line;
  expect_violation("line");
}

TEST_F(QueueInvariants, FreeKeyIsInTheLineOfItsHead) {
  chain(1).line = static_cast<std::uint8_t>(entry(1).priority + 1);
  expect_violation("line");
}

TEST_F(QueueInvariants, FreeKeyAndMessageWithoutKeyHaveATicket) {
  DispatchLines& lines = state().live.lines;
  for (int i = 0; i < 3; ++i) lines.pop(priority_default);
  expect_violation("ticket");
  lines.push_key(priority_default, entry(1).slot, 4);
  lines.push_key(priority_default, entry(3).slot, 4);
  expect_violation("ticket");
  lines.push_message(priority_default, 4);
  EXPECT_EQ(check_invariants(state()), "");
}

TEST_F(QueueInvariants, OutboxHasOneChain) {
  state().is_outbox = true;
  expect_violation("outbox");
}

TEST_F(QueueInvariants, TimersOfKeysAreInTheTable) {
  KeyState key_state;
  key_state.timers.emplace_back(1, 1);
  state().durable.keyed.restore("a", std::move(key_state));
  expect_violation("timer");
}

TEST_F(QueueInvariants, TimersInTheTableHaveAKey) {
  pb::TimerSet timer;
  timer.set_key("a");
  timer.set_name("t");
  state().durable.keyed.set_timer(timer, 0);
  EXPECT_EQ(check_invariants(state()), "");
  state().durable.keyed.restore("a", {});
  expect_violation("timer");
}

TEST_F(QueueInvariants, SettlingTimersAreInTheTable) {
  state().live.settling_timers.insert(1);
  expect_violation("settling timer");
}

TEST_F(QueueInvariants, ProposedProducerHasRecordsInFlight) {
  state().live.proposed["p"] = {1, 1, 0};
  expect_violation("proposed");
}

TEST_F(QueueInvariants, ProposedProducerIsNotBehindWhatIsDurable) {
  state().durable.dedup.set("p", {1, 5, 0});
  state().live.proposed["p"] = {1, 4, 1};
  expect_violation("proposed");
}

TEST_F(QueueInvariants, NothingIsProposedWithoutAProducer) {
  state().live.proposed_messages = 1;
  expect_violation("proposed");
  state().live.proposed_messages = 0;
  state().live.proposed_bytes = 1;
  expect_violation("proposed");
  state().live.proposed_bytes = 0;
  state().live.proposed_keys.insert(MessageId{1, 2});
  expect_violation("proposed");
}

TEST_F(QueueInvariants, SealedQueueIsQuiesced) {
  state().live.sealed = true;
  expect_violation("sealed");
}

TEST_F(QueueInvariants, MonitorChecksASmallQueueAfterEachChangeAndALargeOneNowAndThen) {
  int violations = 0;
  InvariantMonitor monitor([&violations](const std::string&) { ++violations; });
  ++state().live.in_flight;
  for (int i = 0; i < 10; ++i) monitor.changed(state());
  EXPECT_EQ(violations, 10);
  for (int i = 0; i < 1'000; ++i) work.world.queue(1).durable.keyed.restore(std::to_string(i), {});
  for (int i = 0; i < 100; ++i) monitor.changed(state());
  EXPECT_EQ(violations, 10 + 4);  // the 1st, 33rd, 65th and 97th change
}

}  // namespace
}  // namespace millrace::queues
