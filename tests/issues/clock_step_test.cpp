// Promise: delays, timers, leases and windows last as long as was asked for, whatever the wall clock
// is set to and when; an expired message is given up although it is delayed. Checked on one queue
// with steps of 1 ms to a year.
#include <cstdlib>
#include <functional>
#include <string>

#include <gtest/gtest.h>

#include "actors/queue/state/lease_table.hpp"
#include "tests/queue/work.hpp"

namespace millrace::queues {
namespace {

constexpr DurationUs ms = 1'000;
constexpr DurationUs second = 1'000 * ms;
constexpr DurationUs minute = 60 * second;
constexpr DurationUs hour = 60 * minute;
constexpr DurationUs day = 24 * hour;

/// Until a queue has noticed that the clock was set back: it looks once a second, and a step of up to
/// a second is no step.
constexpr DurationUs late_max = 2 * second + 10 * ms;

class ClockStep : public ::testing::TestWithParam<DurationUs> {
 protected:
  void step(DurationUs by_us) {
    work.world.advance(1);  // no two moments are the same
    work.world.step(by_us);
  }
  void undo() { step(-GetParam()); }
  void step() { step(GetParam()); }

  // What the queue's actor does on a tick.
  void tick() {
    work.world.look(1);
    work.world.send(1, decide_set_back(work.state(), work.world.now()));
    work.world.send(1, decide_timers(work.state(), work.world.now()));
    work.world.commit();
  }

  // Lets time pass until something is leased, at most `limit_us`. Returns the steady time that
  // passed; -1: nothing was leased.
  DurationUs until_leased(DurationUs limit_us) {
    const SteadyUs began_us = work.world.steady();
    while (true) {
      tick();
      grants = work.lease(10);
      const DurationUs passed_us = work.world.steady() - began_us;
      if (!grants.empty()) return passed_us;
      const auto next_us = next_look_us(work.state(), work.world.time());
      if (!next_us || *next_us - began_us > limit_us) return -1;
      work.world.advance(std::max<DurationUs>(*next_us - work.world.steady(), 1));
    }
  }

  void expect_leased_after(DurationUs least_us, DurationUs most_us) {
    const DurationUs passed_us = until_leased(most_us);
    EXPECT_NE(passed_us, -1) << "nothing was leased";
    EXPECT_GE(passed_us, least_us);
  }
  // The clock was not set back, or has been corrected: a step forwards ends a wait at once.
  [[nodiscard]] static DurationUs least(DurationUs delay_us) {
    return GetParam() > 0 ? 0 : delay_us - 10;
  }

  void fail(DurationUs delay_us) {
    work.append("k");
    LeaseOutcome retry = Work::outcome(work.lease(1).at(0), {Kind::retry});
    retry.messages[0].delay_us = delay_us;
    work.complete(std::move(retry));
    work.world.commit();
  }
  void append_delayed(DurationUs delay_us) {
    pb::Envelope later = *message("k");
    later.set_not_before_us(work.world.now() + delay_us);
    later.set_delay_us(delay_us);
    work.append(later);
  }
  void set_timer(DurationUs after_us) {
    work.append("k");
    LeaseOutcome outcome = Work::acked(work.lease(1).at(0));
    pb::TimerSet& timer = outcome.messages[0].timers_set.emplace_back();
    timer.set_key("k");
    timer.set_name("t");
    timer.set_due_us(work.world.now() + after_us);
    timer.set_after_us(after_us);
    *timer.mutable_envelope() = *message("k", "timer");
    work.complete(std::move(outcome));
    work.world.commit();
  }

  // Checks a wait that `begin` begins: with the step before and corrected after it, with the step
  // after it, and each with a restart in between.
  void check(const std::function<void(DurationUs)>& begin) {
    for (const DurationUs span : {20 * ms, 10 * minute}) {
      for (const bool restarts : {false, true}) {
        SCOPED_TRACE("wait " + std::to_string(span) + (restarts ? ", with a restart" : ""));
        step();
        begin(span);
        undo();
        if (restarts) work.world.crash();
        expect_leased_after(GetParam() > 0 ? span - 10 : 0, span + late_max);
        end();

        begin(span);
        step();
        if (restarts) work.world.crash();
        expect_leased_after(least(span), span + late_max);
        end();
        undo();
      }
    }
  }
  void end() {
    for (const Grant& grant : grants) work.complete(Work::acked(grant));
    work.world.commit();
  }

  Work work;
  std::vector<Grant> grants;
};

TEST_P(ClockStep, ARetryRunsAfterItsDelay) {
  check([this](DurationUs span) { fail(span); });
}

TEST_P(ClockStep, ADelayedMessageRunsAfterItsDelay) {
  check([this](DurationUs span) { append_delayed(span); });
}

TEST_P(ClockStep, ATimerFiresAfterItsDuration) {
  check([this](DurationUs span) { set_timer(span); });
}

TEST_P(ClockStep, AMessageDatedBeforeTheClockWasCorrectedAndLoggedAfterRunsAfterItsDelay) {
  pb::Envelope later = *message("k");
  later.set_not_before_us(work.world.now() + std::abs(GetParam()) + 20 * ms);
  later.set_delay_us(20 * ms);
  work.append(later);
  expect_leased_after(20 * ms, 20 * ms + late_max);
}

TEST_P(ClockStep, ARecordOfTheWrongHourThatIsLoggedLateHoldsNothingUp) {
  step();
  append_delayed(20 * ms);
  undo();
  tick();
  step();
  append_delayed(20 * ms);  // decided by another queue before the correction
  undo();
  expect_leased_after(0, 20 * ms + late_max);
}

TEST_P(ClockStep, ALeaseEndsAfterItsTime) {
  work.append("k");
  ASSERT_EQ(work.lease(1).size(), 1u);
  step();
  work.world.advance(work.state().limits.lease_us - 1);
  EXPECT_TRUE(overdue_leases(work.state(), work.world.steady()).empty());
  EXPECT_EQ(next_look_us(work.state(), work.world.time()), work.world.steady() + 1);
  work.world.advance(1);
  EXPECT_EQ(overdue_leases(work.state(), work.world.steady()).size(), 1u);
}

TEST_P(ClockStep, AnOutcomeWithinTheLeaseCounts) {
  work.append("k");
  const auto leases = work.lease(1);
  step();
  work.world.advance(work.state().limits.lease_us / 2);
  EXPECT_TRUE(work.complete(Work::acked(leases.at(0))).refused.empty());
}

TEST_P(ClockStep, ADeadlineThatIsNotOverKillsNoMessageAfterACorrection) {
  step();
  work.append("other");
  tick();
  undo();
  pb::Envelope urgent = *message("k");
  urgent.set_expires_at_us(work.world.now() + second);
  work.append(urgent);
  const std::vector<Grant> leased = work.lease(10);
  EXPECT_EQ(text(leased), "other k");
}

TEST_P(ClockStep, AnOfferRepeatedWithinTheWindowIsADuplicateAndAfterItIsNot) {
  const DurationUs window_us = work.state().limits.idempotency_window_us;
  for (const bool before : {true, false}) {
    const std::string producer = before ? "p" : "q";
    work.world.attach(1, {producer, 1});
    const auto offer = [&](std::uint64_t number) {
      auto envelope = std::make_shared<pb::Envelope>(*message("k"));
      envelope->set_idempotency_key("key of " + producer);
      const std::uint64_t last = work.state().durable.last;
      work.world.offer(1, {producer, 1, number, {envelope}});
      work.world.commit();
      return work.state().durable.last - last;
    };
    if (before) step();
    EXPECT_EQ(offer(1), 1u);
    if (before) {
      undo();
    } else {
      step();
    }
    work.world.advance(window_us - second - 10);  // a step of up to a second is no step
    EXPECT_EQ(offer(2), 0u) << "within the window";
    // A window that a step back fell into begins again with the step.
    tick();
    work.world.advance(window_us + late_max);
    EXPECT_EQ(offer(3), 1u) << "after the window";
  }
}

TEST_P(ClockStep, AProducerIsNotForgottenForAStep) {
  work.world.attach(1, {"p", 1});
  work.world.commit();
  work.world.look(1);
  step();
  tick();
  EXPECT_EQ(decide_forget(work.state(), work.world.now()).record, nullptr);
  undo();
  tick();
  EXPECT_EQ(decide_forget(work.state(), work.world.now()).record, nullptr);
}

TEST_P(ClockStep, ALogWrittenByANewerClockHoldsNothingUp) {
  // As a log of an earlier version after a step forwards: every record is dated in the wrong hour.
  pb::Record record;
  record.set_at_us(work.world.now() + std::abs(GetParam()));
  pb::Change& change = *record.add_change();
  change.set_queue(1);
  *change.add_append() = *message("a");
  pb::Envelope later = *message("k");
  later.set_not_before_us(record.at_us() + 50 * ms);
  *change.add_append() = later;
  work.world.append(std::move(record));
  const Checkpoint checkpoint = work.world.checkpoint();
  work.world.crash(&checkpoint);
  EXPECT_EQ(text(work.lease(1)), "a");
  expect_leased_after(0, 50 * ms + late_max);
}

INSTANTIATE_TEST_SUITE_P(Steps, ClockStep,
                         ::testing::Values(ms, -ms, 500 * ms, -500 * ms, 2 * second, -2 * second,
                                           minute, -minute, hour, -hour, day, -day, 365 * day,
                                           -365 * day));

TEST(IdempotencyKey, ThatWasForgottenUnderATimeAheadIsForgottenAfterAReplayToo) {
  Work work;
  work.world.attach(1, {"p", 1});
  std::uint64_t number = 0;
  const auto offer = [&](const std::string& idempotency_key) {
    auto envelope = std::make_shared<pb::Envelope>(*message("k"));
    envelope->set_idempotency_key(idempotency_key);
    work.world.offer(1, {"p", 1, ++number, {envelope}});
    work.world.commit();
  };
  offer("first");
  work.world.crash();  // what the clock did meanwhile, nobody knows
  work.world.step(day);
  offer("ahead");
  work.world.step(-day);
  offer("back");
  ASSERT_EQ(work.state().durable.dedup.idempotency_keys().size(), 2u);
  const std::string before = durable_text(work.state(), true);
  work.world.crash();
  EXPECT_EQ(durable_text(work.state(), true), before);
}

TEST(ExpiredMessage, WithADelayIsGivenUpAtItsDeadlineAndFreesItsKey) {
  Work work;
  pb::Envelope expiring = *message("k", "expiring");
  expiring.set_not_before_us(work.world.now() + 6 * second);
  expiring.set_expires_at_us(work.world.now() + 300 * ms);
  work.append(expiring);
  work.append("k", "next");
  EXPECT_TRUE(work.lease(2).empty());
  EXPECT_EQ(next_look_us(work.state(), work.world.time()), work.world.steady() + 300 * ms);
  work.world.advance(300 * ms);
  EXPECT_TRUE(work.lease(2).empty()) << "it is being given up";
  work.world.commit();
  EXPECT_EQ(work.state().durable.ledger.dead, 1u);
  EXPECT_EQ(text(work.lease(2)), "next");
}

TEST(ExpiredMessage, ThatWaitsForARetryIsGivenUpAtItsDeadline) {
  Work work;
  pb::Envelope expiring = *message("k", "expiring");
  expiring.set_expires_at_us(work.world.now() + 300 * ms);
  work.append(expiring);
  LeaseOutcome retry = Work::outcome(work.lease(1).at(0), {Kind::retry});
  retry.messages[0].delay_us = hour;
  work.complete(std::move(retry));
  work.world.commit();
  work.world.advance(300 * ms);
  EXPECT_TRUE(work.lease(1).empty());
  work.world.commit();
  EXPECT_EQ(work.state().durable.ledger.dead, 1u);
}

}  // namespace
}  // namespace millrace::queues
